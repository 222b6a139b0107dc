import { setImmediate } from 'node:timers/promises'
import { MessageChannel } from 'node:worker_threads'

/** Frees the memory of an array without waiting for the garbage collector. The array is empty afterwards. */
export async function freeMemory({ buffer }: Float32Array): Promise<void> {
  // Shared memory cannot be moved.
  if (!(buffer instanceof ArrayBuffer)) return
  const { port1, port2 } = new MessageChannel()
  // The memory moves to a message that nobody receives.
  port1.postMessage(undefined, [buffer])
  port1.close()
  port2.close()
  // Ports end in the next turns of the event loop.
  for (let turn = 0; turn < 3; turn++) await setImmediate()
}
