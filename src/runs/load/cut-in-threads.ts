import type { Example, LabelledWindow } from '../../squad/types.ts'
import type { WindowOptions } from '../../squad/windows.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import { startWorker, Thread } from '../../threads/calls.ts'
import type { CutWorkerData } from './cut-worker.ts'

/** Number of examples in a message to a worker: enough to make messages cheap, few enough to keep all workers busy. */
const TASK = 256

/**
 * Cuts the examples into labeled windows with `threads` worker threads, and yields them chunk by chunk. Windows and
 * their order are the same as with a single thread.
 * @throws SpanforgeError for the first example that cannot be cut
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
