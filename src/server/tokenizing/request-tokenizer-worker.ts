/**
 * Worker that tokenizes and searches texts; each takes about a second for a book. Started by request-tokenizer.ts,
 * which refers to tokenized requests by number.
 */
import { workerData } from 'node:worker_threads'
import type { PipelineOptions, SearchOptions } from '../../inference/pipeline.ts'
import type { WindowLogits } from '../../squad/answers/document-logits.ts'
import type { TokenizerSettings } from '../../text/settings.ts'
import { Tokenizer } from '../../text/tokenizer.ts'
import { answerCalls } from '../../threads/calls.ts'
import { Jobs } from './jobs.ts'
import { TokenizedRequest } from './tokenized-request.ts'
import { type TokenizingTask, taskSize } from './tokenizing-task.ts'

/** Searching one window costs about as much as tokenizing this many characters. */
const WINDOW = 500

interface Held {
  readonly closing: AbortController
  request?: TokenizedRequest
}

const tokenizer = new Tokenizer(workerData as TokenizerSettings)
const held = new Map<number, Held>()
const jobs = new Jobs()

async function search<T>(id: number, windows: number, find: (request: TokenizedRequest) => T): Promise<T> {
  const { request, closing } = held.get(id)!
  // biome-ignore lint/correctness/useYield: a search is one step.
  function* steps(): Generator<void, T> {
    return find(request!)
  }
  return jobs.run(windows * WINDOW, steps(), closing.signal)
}

answerCalls({
  async open(id: number, task: TokenizingTask) {
    const opened: Held = { closing: new AbortController() }
    held.set(id, opened)
    opened.request = await jobs.run(taskSize(task), TokenizedRequest.steps(tokenizer, task), opened.closing.signal)
    return opened.request.plan
  },
  answers: (id: number, question: number, logits: readonly WindowLogits[], options: SearchOptions) =>
    search(id, logits.length, (request) => request.answers(question, logits, options)),
  pipelineAnswers: (id: number, question: number, logits: readonly WindowLogits[], options: PipelineOptions) =>
    search(id, logits.length, (request) => request.pipelineAnswers(question, logits, options)),
  /** Discards a request, and cancels it if it is still being tokenized. */
  async close(id: number) {
    held.get(id)?.closing.abort()
    held.delete(id)
  },
})
