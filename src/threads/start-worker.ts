import { createRequire } from 'node:module'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'

/**
 * A thread that runs a module beside the caller's, compiled or not: `startWorker(import.meta.url, './cut-worker', data)`.
 * `workerData` is what the module finds under that name.
 */
export function startWorker(caller: string, module: string, workerData: unknown): Worker {
  const extension = extname(caller)
  const url = new URL(`${module}${extension}`, caller)
  if (extension !== '.ts') return new Worker(url, { workerData })
  // Run from its sources (tests, development), the worker needs what reads TypeScript, which no flag gives it.
  const tsx = createRequire(import.meta.url).resolve('tsx/cjs/api')
  const load = `require(${JSON.stringify(tsx)}).register(); require(${JSON.stringify(fileURLToPath(url))})`
  return new Worker(load, { eval: true, workerData })
}
