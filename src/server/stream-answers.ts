import type { SearchOptions } from '../inference/pipeline.ts'
import type { WindowLogits } from '../squad/document-logits.ts'
import { AnswerSize } from './answer-size.ts'
import type { Asker } from './client.ts'
import type { StreamEvents } from './contract.ts'
import type { ServedModel } from './models.ts'
import { firstComputed } from './questions.ts'
import type { OpenRequest } from './request-tokenizer.ts'

export type StreamEvent = {
  [Name in keyof StreamEvents]: { readonly event: Name; readonly data: StreamEvents[Name] }
}[keyof StreamEvents]

/** Milliseconds between two reports of one question at least. */
const PAUSE = 100
/** Of the time that passes, a report's making takes a fifth at most, however long the text. */
const SHARE = 5

/**
 * The results of a request while its windows are computed: the questions in their order, each with its progress. A reader
 * that is slow gets the newest state when it comes for it, and nothing piles up.
 * @throws at once what the queue throws
 */
export function streamAnswers(
  { queue }: ServedModel,
  opened: OpenRequest,
  options: SearchOptions,
  asker: Asker,
): AsyncGenerator<StreamEvent> {
  let logits: readonly (WindowLogits | undefined)[] = []
  const news = new News()
  const computed = queue.ask(opened.rows, {
    ...asker,
    onProgress(_done, soFar) {
      logits = soFar
      news.tell()
    },
  })
  computed.catch((error) => news.fail(error))
  const readSoFar = (question: number) => firstComputed(opened.rows.ofQuestion(logits, question))

  async function* events(): AsyncGenerator<StreamEvent> {
    const size = new AnswerSize()
    for (const [question, total] of opened.rows.windows.entries()) {
      let next = 0
      let read = readSoFar(question)
      while (read.length < total) {
        if (read.length > 0 && performance.now() >= next) {
          const started = performance.now()
          const result = await opened.answers(question, read, options)
          const now = performance.now()
          next = now + Math.max(PAUSE, SHARE * (now - started))
          yield { event: 'progress', data: { question, done: read.length, total, result } }
        }
        await news.next()
        read = readSoFar(question)
      }
      const result = await opened.answers(question, read, options)
      size.add(result.answers)
      yield { event: 'answer', data: { question, result } }
    }
  }
  return events()
}

/** Wakes whoever waits when there is something new; what came before the waiting counts. */
class News {
  private isThere = false
  private failure: { readonly error: unknown } | undefined
  private wake: (() => void) | undefined

  tell(): void {
    this.isThere = true
    this.wake?.()
  }

  fail(error: unknown): void {
    this.failure = { error }
    this.wake?.()
  }

  async next(): Promise<void> {
    if (!this.isThere && !this.failure)
      await new Promise<void>((wake) => {
        this.wake = wake
      })
    this.isThere = false
    if (this.failure) throw this.failure.error
  }
}
