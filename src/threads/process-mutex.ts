import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads'

const KEY = 'spanforge: process mutex'
const [FREE, TAKEN] = [0, 1]

/** Memory of all threads of this process: a worker inherits it from the thread that starts it. */
function sharedState(): Int32Array {
  if (getEnvironmentData(KEY) === undefined) setEnvironmentData(KEY, new SharedArrayBuffer(4))
  return new Int32Array(getEnvironmentData(KEY) as unknown as SharedArrayBuffer)
}

/** Must be called before a worker is started, so that it has the same mutex. */
export const shareProcessMutex = (): void => void sharedState()

/**
 * Runs `work` while no other thread of this process does the same. Blocks the thread while it waits, so it belongs in a
 * worker.
 */
export async function exclusiveInProcess<T>(work: () => Promise<T>): Promise<T> {
  const state = sharedState()
  while (Atomics.compareExchange(state, 0, FREE, TAKEN) !== FREE) Atomics.wait(state, 0, TAKEN)
  try {
    return await work()
  } finally {
    Atomics.store(state, 0, FREE)
    Atomics.notify(state, 0, 1)
  }
}
