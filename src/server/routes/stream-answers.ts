import type { SearchOptions } from '../../inference/pipeline.ts'
import type { WindowLogits } from '../../squad/answers/document-logits.ts'
import type { StreamEvent } from '../http/contract.ts'
import type { ServedModel } from '../models/models.ts'
import type { Asker } from '../security/client.ts'
import { AnswerSize } from '../tokenizing/limits.ts'
import type { OpenRequest } from '../tokenizing/request-tokenizer.ts'
import { Pace } from './pace.ts'
import { firstComputed } from './questions.ts'

/**
 * Yields the progress and the answer of each question, in order, while the model reads their windows. A slow consumer
 * gets the latest state each time, so events do not pile up.
 * @throws HttpProblem 503 synchronously if the queue is full
 */
export function streamAnswers(
  { queue }: ServedModel,
  opened: OpenRequest,
  options: SearchOptions,
  asker: Asker,
): AsyncGenerator<StreamEvent> {
  let logits: readonly (WindowLogits | undefined)[] = []
  const updates = new Updates()
  const computed = queue.ask(opened.rows, {
    ...asker,
    onProgress(_done, soFar) {
      logits = soFar
      updates.notify()
    },
  })
  computed.catch((error) => updates.fail(error))
  const readSoFar = (question: number) => firstComputed(opened.rows.ofQuestion(logits, question))

  async function* events(): AsyncGenerator<StreamEvent> {
    const size = new AnswerSize()
    for (const [question, total] of opened.rows.windows.entries()) {
      const pace = new Pace()
      let read = readSoFar(question)
      while (read.length < total) {
        if (read.length > 0 && pace.isDue) {
          const soFar = read
          const result = await pace.measure(() => opened.answers(question, soFar, options))
          yield { name: 'progress', data: { question, done: read.length, total, result } }
        }
        await updates.next()
        read = readSoFar(question)
      }
      const result = await opened.answers(question, read, options)
      size.add(result.answers)
      yield { name: 'answer', data: { question, result } }
    }
  }
  return events()
}

/** Notifies one waiting consumer of updates. An update that precedes `next` is not lost. */
class Updates {
  private isPending = false
  private failure: { readonly error: unknown } | undefined
  private wake: (() => void) | undefined

  notify(): void {
    this.isPending = true
    this.wake?.()
  }

  fail(error: unknown): void {
    this.failure = { error }
    this.wake?.()
  }

  async next(): Promise<void> {
    if (!this.isPending && !this.failure)
      await new Promise<void>((wake) => {
        this.wake = wake
      })
    this.isPending = false
    if (this.failure) throw this.failure.error
  }
}
