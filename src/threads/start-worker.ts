import { createRequire } from 'node:module'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'

/**
 * Starts a worker thread that runs a module next to the caller's, compiled or not, for example
 * `startWorker(import.meta.url, './cut-worker', data)`. The module can access `workerData` under that name.
 */
export function startWorker(caller: string, module: string, workerData: unknown): Worker {
  const extension = extname(caller)
  const url = new URL(`${module}${extension}`, caller)
  if (extension !== '.ts') return new Worker(url, { workerData })
  // In tests and development, the worker runs TypeScript sources and needs a loader, which no flag provides.
  const tsx = createRequire(import.meta.url).resolve('tsx/cjs/api')
  const load = `require(${JSON.stringify(tsx)}).register(); require(${JSON.stringify(fileURLToPath(url))})`
  return new Worker(load, { eval: true, workerData })
}
