import { setImmediate } from 'node:timers/promises'
import type { PipelineOptions, SearchOptions } from '../../inference/pipeline.ts'
import type { WindowLogits } from '../../squad/answers/document-logits.ts'
import type { PipelineAnswer } from '../../squad/python/pipeline-answers.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import { startWorker, Thread } from '../../threads/calls.ts'
import { SerialQueue } from '../../threads/serial-queue.ts'
import type { AnswerResult } from '../http/contract.ts'
import { TokenizedRequest } from './tokenized-request.ts'
import { type TokenizingTask, taskSize } from './tokenizing-task.ts'
import { type RowPlan, WindowRows } from './window-rows.ts'

/** A `TokenizedRequest` in this thread or in a worker. */
export interface OpenRequest {
  readonly rows: WindowRows
  answers(question: number, logits: readonly WindowLogits[], options: SearchOptions): Promise<AnswerResult>
  pipelineAnswers(
    question: number,
    logits: readonly WindowLogits[],
    options: PipelineOptions,
  ): Promise<readonly PipelineAnswer[]>
  /** Must be called when the request has been answered or aborted. */
  close(): void
}

/** Up to this size (`taskSize`) and number of windows, about a page, a task takes only a millisecond or two. */
const SMALL = 4000
const FEW = 16

/** Tokenizes the texts of requests, up to a page in this thread and longer ones in a worker started on demand. */
export class RequestTokenizer {
  private readonly turns = new SerialQueue()
  private thread: Thread | undefined
  private next = 0

  constructor(private readonly tokenizer: Tokenizer) {}

  /**
   * @throws SpanforgeError if a question leaves no room for its text; HttpProblem 422 if the task has too many windows;
   * the signal's reason if it is aborted
   */
  async open(task: TokenizingTask, signal: AbortSignal): Promise<OpenRequest> {
    return (taskSize(task) <= SMALL && (await this.here(task, signal))) || this.elsewhere(task, signal)
  }

  async end(): Promise<void> {
    await this.thread?.end()
  }

  private here(task: TokenizingTask, signal: AbortSignal): Promise<OpenRequest | undefined> {
    return this.turns.run(async () => {
      // Lets the event loop accept or reject other requests before this one is tokenized.
      await setImmediate()
      signal.throwIfAborted()
      const steps = TokenizedRequest.steps(this.tokenizer, task)
      let step = steps.next()
      while (!step.done) step = steps.next()
      const request = step.value
      const rows = new WindowRows(request.plan)
      if (rows.count > FEW) return undefined
      return {
        rows,
        answers: async (...args) => request.answers(...args),
        pipelineAnswers: async (...args) => request.pipelineAnswers(...args),
        close: () => {},
      }
    })
  }

  private async elsewhere(task: TokenizingTask, signal: AbortSignal): Promise<OpenRequest> {
    signal.throwIfAborted()
    if (!this.thread?.isAlive)
      this.thread = new Thread(startWorker(import.meta.url, './request-tokenizer-worker', this.tokenizer.settings))
    const thread = this.thread
    const id = this.next++
    const close = () => void thread.call('close', id).catch(() => {})
    signal.addEventListener('abort', close, { once: true })
    try {
      const plan = await thread.call<RowPlan>('open', id, task)
      return {
        rows: new WindowRows(plan),
        answers: (...args) => thread.call('answers', id, ...args),
        pipelineAnswers: (...args) => thread.call('pipelineAnswers', id, ...args),
        close,
      }
    } catch (error) {
      close()
      signal.throwIfAborted()
      throw error
    } finally {
      signal.removeEventListener('abort', close)
    }
  }
}
