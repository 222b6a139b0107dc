import { setImmediate } from 'node:timers/promises'
import type { PipelineOptions, SearchOptions } from '../inference/pipeline.ts'
import type { PipelineAnswer } from '../squad/python/pipeline-answers.ts'
import type { WindowLogits } from '../squad/readings.ts'
import type { BertTokenizer } from '../text/tokenizer.ts'
import { Thread } from '../threads/calls.ts'
import { Mutex } from '../threads/mutex.ts'
import { startWorker } from '../threads/start-worker.ts'
import type { AnswerResult } from './contract.ts'
import { Reading } from './reading.ts'
import { type ReadingTask, taskSize } from './reading-task.ts'
import { type ReadingPlan, WindowRows } from './window-rows.ts'

/** A `Reading`, wherever it is held. */
export interface OpenReading {
  readonly rows: WindowRows
  answers(question: number, logits: readonly WindowLogits[], options: SearchOptions): Promise<AnswerResult>
  pipelineAnswers(
    question: number,
    logits: readonly WindowLogits[],
    options: PipelineOptions,
  ): Promise<readonly PipelineAnswer[]>
  /** To be called when all is answered or nobody waits any more. */
  close(): void
}

/** Up to this size (`taskSize`) and so many windows, a page, reading and searching takes a millisecond or two. */
const SMALL = 4000
const FEW = 16

/** Reads the texts of requests: pages at once, all else in a thread, which is started for the first of them. */
export class Reader {
  private readonly mutex = new Mutex()
  private thread: Thread | undefined
  private next = 0

  constructor(private readonly tokenizer: BertTokenizer) {}

  /**
   * @throws SpanforgeError for a question that leaves no room for its text; Problem 422 for more windows than the task
   * allows; the signal's reason once it is aborted, and then no more is read
   */
  async open(task: ReadingTask, signal: AbortSignal): Promise<OpenReading> {
    return (taskSize(task) <= SMALL && (await this.here(task, signal))) || this.elsewhere(task, signal)
  }

  async end(): Promise<void> {
    await this.thread?.end()
  }

  private here(task: ReadingTask, signal: AbortSignal): Promise<OpenReading | undefined> {
    return this.mutex.runExclusive(async () => {
      // Between any two, the event loop takes in what else has come: most of a thousand are refused unread.
      await setImmediate()
      signal.throwIfAborted()
      const steps = Reading.steps(this.tokenizer, task)
      let step = steps.next()
      while (!step.done) step = steps.next()
      const reading = step.value
      const rows = new WindowRows(reading.plan)
      if (rows.count > FEW) return undefined
      return {
        rows,
        answers: async (...args) => reading.answers(...args),
        pipelineAnswers: async (...args) => reading.pipelineAnswers(...args),
        close: () => {},
      }
    })
  }

  private async elsewhere(task: ReadingTask, signal: AbortSignal): Promise<OpenReading> {
    signal.throwIfAborted()
    if (!this.thread?.isAlive)
      this.thread = new Thread(startWorker(import.meta.url, './reader-worker', this.tokenizer.settings))
    const thread = this.thread
    const id = this.next++
    const close = () => void thread.call('close', id).catch(() => {})
    signal.addEventListener('abort', close, { once: true })
    try {
      const plan = await thread.call<ReadingPlan>('open', id, task)
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
