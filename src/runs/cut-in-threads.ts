import { once } from 'node:events'
import { MessageChannel, type Worker } from 'node:worker_threads'
import { SpanforgeError } from '../errors.ts'
import type { Example, LabelledWindow } from '../squad/types.ts'
import type { WindowOptions } from '../squad/windows.ts'
import type { BertTokenizer } from '../text/tokenizer.ts'
import type { CutReply, CutTask, CutWorkerData } from './cut-worker.ts'
import { startWorker } from './start-worker.ts'

/** Examples that a worker is given at once: enough to make the messages cheap, few enough to keep all workers busy. */
const TASK = 256

/**
 * The labelled windows of consecutive stretches of the examples, cut by `threads` worker threads: the same windows in
 * the same order as one thread cuts.
 * @throws SpanforgeError of the first example that cannot be cut
 */
export async function* cutInThreads(
  tokenizer: BertTokenizer,
  examples: readonly Example[],
  options: WindowOptions,
  threads: number,
): AsyncGenerator<LabelledWindow[]> {
  const tasks = Math.ceil(examples.length / TASK)
  const workers = Array.from({ length: Math.min(threads, tasks) }, () =>
    startWorker(import.meta.url, './cut-worker', { settings: tokenizer.settings, options } satisfies CutWorkerData),
  )
  const failure = Promise.race(workers.map((worker) => once(worker, 'error'))).then(([error]) => Promise.reject(error))
  failure.catch(() => {})
  const pending: Promise<CutReply>[] = []
  try {
    for (let next = 0; ; ) {
      // Two tasks for each worker, so that none waits while this thread is busy.
      for (; next < tasks && pending.length < 2 * workers.length; next++)
        pending.push(ask(workers[next % workers.length], next * TASK, examples.slice(next * TASK, (next + 1) * TASK)))
      if (pending.length === 0) return
      const reply = await Promise.race([pending.shift()!, failure])
      if ('error' in reply) throw new SpanforgeError(reply.error.message, { exitCode: reply.error.exitCode })
      yield reply.windows
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}

async function ask(worker: Worker, first: number, examples: readonly Example[]): Promise<CutReply> {
  const { port1, port2 } = new MessageChannel()
  worker.postMessage({ first, examples, reply: port2 } satisfies CutTask, [port2])
  const [reply] = await once(port1, 'message')
  port1.close()
  return reply
}
