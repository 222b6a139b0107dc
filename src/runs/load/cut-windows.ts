import { setImmediate } from 'node:timers/promises'
import { type Dataset, labeled } from '../../squad/dataset.ts'
import type { Example, LabeledWindow } from '../../squad/types.ts'
import { WindowCutter, type WindowOptions } from '../../squad/windows.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import { startWorker, Thread } from '../../threads/calls.ts'
import type { Screen } from '../screen/screen.ts'
import type { CutWorkerData } from './cut-worker.ts'

export interface CuttingOptions extends WindowOptions {
  /** Label of the progress bar. */
  readonly label: string
  readonly screen: Screen
  /** Number of worker threads (default: 0, which uses the calling thread). */
  readonly workers?: number
  readonly signal?: AbortSignal
}

/** Cuts examples into labeled windows and shows the progress. It yields to the event loop regularly. */
export async function cutWindows(
  tokenizer: Tokenizer,
  examples: readonly Example[],
  { label, screen, signal, workers = 0, ...options }: CuttingOptions,
): Promise<Dataset> {
  const chunks =
    workers > 0 ? cutInThreads(tokenizer, examples, options, workers) : cutHere(tokenizer, examples, options)
  const windows: LabeledWindow[] = []
  const progress = screen.counting(label, 'examples', examples.length)
  try {
    for await (const chunk of chunks) {
      for (const window of chunk) windows.push(window)
      progress.update((windows.at(-1)?.example ?? -1) + 1)
      signal?.throwIfAborted()
    }
  } finally {
    progress.stop()
  }
  return { examples, windows }
}

async function* cutHere(
  tokenizer: Tokenizer,
  examples: readonly Example[],
  options: WindowOptions,
): AsyncGenerator<LabeledWindow[]> {
  const cutter = new WindowCutter(tokenizer, options)
  for (let first = 0; first < examples.length; first += 64) {
    yield examples
      .slice(first, first + 64)
      .flatMap((example, i) => cutter.cut(example, first + i).map((window) => labeled(window, example)))
    await setImmediate()
  }
}

/** Number of examples in a message to a worker: enough to make messages cheap, few enough to keep all workers busy. */
const TASK = 256

/**
 * Cuts the examples into labeled windows with `threads` worker threads, and yields them chunk by chunk. Windows and
 * their order are the same as with a single thread.
 * @throws SpanforgeError for the first example that cannot be cut
 */
async function* cutInThreads(
  tokenizer: Tokenizer,
  examples: readonly Example[],
  options: WindowOptions,
  threads: number,
): AsyncGenerator<LabeledWindow[]> {
  const tasks = Math.ceil(examples.length / TASK)
  const workers = Array.from({ length: Math.min(threads, tasks) }, () => {
    const data: CutWorkerData = { settings: tokenizer.settings, options }
    return new Thread(startWorker(import.meta.url, './cut-worker', data))
  })
  const cut = (task: number): Promise<LabeledWindow[]> => {
    const first = task * TASK
    const windows = workers[task % workers.length].call<LabeledWindow[]>(
      'cut',
      first,
      examples.slice(first, first + TASK),
    )
    windows.catch(() => {}) // thrown when its turn comes
    return windows
  }
  const pending: Promise<LabeledWindow[]>[] = []
  try {
    for (let next = 0; ; ) {
      // Two tasks for each worker, so that none waits while this thread is busy.
      while (next < tasks && pending.length < 2 * workers.length) pending.push(cut(next++))
      if (pending.length === 0) return
      yield await pending.shift()!
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.end()))
  }
}
