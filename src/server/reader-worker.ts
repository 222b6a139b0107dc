/**
 * The thread in which texts are tokenized and searched, started by reader.ts, which keeps the readings of requests
 * under numbers. A book takes a second of either.
 */
import { workerData } from 'node:worker_threads'
import type { PipelineOptions, SearchOptions } from '../inference/pipeline.ts'
import type { WindowLogits } from '../squad/readings.ts'
import type { TokenizerSettings } from '../text/settings.ts'
import { BertTokenizer } from '../text/tokenizer.ts'
import { answerCalls } from '../threads/calls.ts'
import { Jobs } from './reader-jobs.ts'
import { Reading } from './reading.ts'
import { type ReadingTask, taskSize } from './reading-task.ts'

/** A search costs about as much as tokenizing this many characters for each window. */
const WINDOW = 500

interface Held {
  readonly closing: AbortController
  reading?: Reading
}

const tokenizer = new BertTokenizer(workerData as TokenizerSettings)
const held = new Map<number, Held>()
const jobs = new Jobs()

async function search<T>(id: number, windows: number, find: (reading: Reading) => T): Promise<T> {
  const { reading, closing } = held.get(id)!
  // biome-ignore lint/correctness/useYield: a search is one step.
  function* steps(): Generator<void, T> {
    return find(reading!)
  }
  return jobs.run(windows * WINDOW, steps(), closing.signal)
}

answerCalls({
  async open(id: number, task: ReadingTask) {
    const opened: Held = { closing: new AbortController() }
    held.set(id, opened)
    opened.reading = await jobs.run(taskSize(task), Reading.steps(tokenizer, task), opened.closing.signal)
    return opened.reading.plan
  },
  answers: (id: number, question: number, logits: readonly WindowLogits[], options: SearchOptions) =>
    search(id, logits.length, (reading) => reading.answers(question, logits, options)),
  pipelineAnswers: (id: number, question: number, logits: readonly WindowLogits[], options: PipelineOptions) =>
    search(id, logits.length, (reading) => reading.pipelineAnswers(question, logits, options)),
  /** Forgets a reading; of one that is still being opened no more is read. */
  async close(id: number) {
    held.get(id)?.closing.abort()
    held.delete(id)
  },
})
