import type { Example, LabelledWindow } from '../../squad/types.ts'
import type { WindowOptions } from '../../squad/windows.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import { Thread } from '../../threads/calls.ts'
import { startWorker } from '../../threads/start-worker.ts'
import type { CutWorkerData } from './cut-worker.ts'

/** Examples that a worker is given at once: enough to make the messages cheap, few enough to keep all workers busy. */
const TASK = 256

/**
 * The labelled windows of consecutive stretches of the examples, cut by `threads` worker threads: the same windows in
 * the same order as one thread cuts.
 * @throws SpanforgeError of the first example that cannot be cut
 */
export async function* cutInThreads(
  tokenizer: Tokenizer,
  examples: readonly Example[],
  options: WindowOptions,
  threads: number,
): AsyncGenerator<LabelledWindow[]> {
  const tasks = Math.ceil(examples.length / TASK)
  const workers = Array.from({ length: Math.min(threads, tasks) }, () => {
    const data: CutWorkerData = { settings: tokenizer.settings, options }
    return new Thread(startWorker(import.meta.url, './cut-worker', data))
  })
  const cut = (task: number): Promise<LabelledWindow[]> => {
    const first = task * TASK
    const windows = workers[task % workers.length].call<LabelledWindow[]>(
      'cut',
      first,
      examples.slice(first, first + TASK),
    )
    windows.catch(() => {}) // thrown when its turn comes
    return windows
  }
  const pending: Promise<LabelledWindow[]>[] = []
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
