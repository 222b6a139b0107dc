/** webgpu-threads.ts: computes in several threads at the same time, as a server does with several models. */
import { startWorker, Thread } from '../../src/threads/calls.ts'

const threads = [1, 2, 3].map((factor) => new Thread(startWorker(import.meta.url, './webgpu-thread', factor)))
const wrong = await Promise.all(threads.map((thread) => thread.call<number>('compute')))
for (const thread of threads) await thread.end()
console.log(JSON.stringify(wrong))
