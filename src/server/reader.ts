import { setImmediate } from 'node:timers/promises'
import type { SearchOptions } from '../inference/pipeline.ts'
import type { Row } from '../models/pack.ts'
import type { RowLogits } from '../models/question-answering.ts'
import { startWorker } from '../runs/start-worker.ts'
import type { PipelineAnswer } from '../squad/pipeline-answers.ts'
import type { BertTokenizer } from '../text/tokenizer.ts'
import type { AnswerResult } from './contract.ts'
import { Mutex } from './mutex.ts'
import { type PipelineScores, Reading, type ReadingTask } from './reading.ts'
import { Thread } from './thread-calls.ts'

/** A `Reading`, wherever it is held. */
export interface OpenReading {
  readonly rows: readonly Row[][]
  answers(question: number, logits: readonly RowLogits[], options: SearchOptions): Promise<AnswerResult>
  pipelineAnswers(
    question: number,
    logits: readonly RowLogits[],
    options: PipelineScores,
  ): Promise<readonly PipelineAnswer[]>
  /** To be called when all is answered or nobody waits any more. */
  close(): void
}

/** Characters that are tokenised where they come, in a few milliseconds; more go to a thread. */
const SMALL = 20_000

/** Reads the texts of requests: small ones at once, large ones in a thread, which is started for the first of them. */
export class Reader {
  private readonly mutex = new Mutex()
  private thread: Thread | undefined
  private next = 0

  constructor(private readonly tokenizer: BertTokenizer) {}

  /** @throws SpanforgeError for a question that leaves no room for its text */
  async open(task: ReadingTask): Promise<OpenReading> {
    if (charactersOf(task) > SMALL) return this.elsewhere(task)
    return this.mutex.runExclusive(async () => {
      // Between any two, whatever else has come is heard: of a thousand at once most are refused before one is read.
      await setImmediate()
      return this.here(task)
    })
  }

  async end(): Promise<void> {
    await this.thread?.end()
  }

  private here(task: ReadingTask): OpenReading {
    const reading = new Reading(this.tokenizer, task)
    return {
      rows: reading.rows,
      answers: async (...args) => reading.answers(...args),
      pipelineAnswers: async (...args) => reading.pipelineAnswers(...args),
      close: () => {},
    }
  }

  private async elsewhere(task: ReadingTask): Promise<OpenReading> {
    if (!this.thread?.isAlive)
      this.thread = new Thread(startWorker(import.meta.url, './reader-worker', this.tokenizer.settings))
    const thread = this.thread
    const id = this.next++
    return {
      rows: await thread.call<Row[][]>('open', id, task),
      answers: (...args) => thread.call('answers', id, ...args),
      pipelineAnswers: (...args) => thread.call('pipelineAnswers', id, ...args),
      close: () => void thread.call('close', id).catch(() => {}),
    }
  }
}

/** What a question costs counts too: with many of them a small text is much work. */
const charactersOf = ({ texts, asked }: ReadingTask): number => {
  const questions = asked.reduce((sum, { question, texts: own }) => {
    const context = own.reduce((length, index) => length + texts[index].length, 0)
    return sum + question.length + context / 4
  }, 0)
  return texts.reduce((sum, { length }) => sum + length, questions)
}
