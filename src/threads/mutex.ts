import { getEnvironmentData, setEnvironmentData, threadId, type Worker } from 'node:worker_threads'

const KEY = 'spanforge: process mutex'
/** The mutex contains this, or the number of the thread that holds it. */
const FREE = 0
const numberOf = (id: number): number => id + 1

/** Memory of all threads of this process: a worker inherits it from the thread that starts it. */
function sharedState(): Int32Array {
  if (getEnvironmentData(KEY) === undefined) setEnvironmentData(KEY, new SharedArrayBuffer(4))
  return new Int32Array(getEnvironmentData(KEY) as unknown as SharedArrayBuffer)
}

/** Starts a worker that has the same mutex. If the worker is terminated while it holds the mutex, the mutex is freed. */
export function withProcessMutex(start: () => Worker): Worker {
  const state = sharedState()
  const worker = start()
  const owner = numberOf(worker.threadId)
  worker.once('exit', () => release(state, owner))
  return worker
}

/**
 * Runs `work` while no other thread of this process does the same. Blocks the thread while it waits, so it belongs in a
 * worker.
 */
export async function exclusiveInProcess<T>(work: () => Promise<T>): Promise<T> {
  const state = sharedState()
  const own = numberOf(threadId)
  const acquire = (): number => Atomics.compareExchange(state, 0, FREE, own)
  for (let owner = acquire(); owner !== FREE; owner = acquire()) Atomics.wait(state, 0, owner)
  try {
    return await work()
  } finally {
    release(state, own)
  }
}

function release(state: Int32Array, owner: number): void {
  if (Atomics.compareExchange(state, 0, owner, FREE) === owner) Atomics.notify(state, 0, 1)
}
