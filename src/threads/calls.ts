/** Calls between two threads. Each side can call functions of the other and receives the result or the thrown error. */

import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, extname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type MessagePort, parentPort, type ResourceLimits, type TransferListItem, Worker } from 'node:worker_threads'
import { SpanforgeError, UsageError } from '../errors.ts'
import { withProcessMutex } from './mutex.ts'

interface Call {
  /** Undefined if no reply is expected. */
  readonly id?: number
  readonly name: string
  readonly args: readonly unknown[]
}

/** A serialized error. Errors lose their class between threads; this restores SpanforgeError and UsageError. */
interface Failure {
  readonly message: string
  readonly stack?: string
  /** Present for a SpanforgeError, whose summary is the message. */
  readonly foreseen?: { readonly remedy?: string; readonly exitCode: number }
}

interface Reply {
  readonly answers: number
  readonly value?: unknown
  readonly error?: Failure
}

/** A result or an argument whose buffers are transferred rather than copied. */
export class Handed<T> {
  constructor(
    readonly value: T,
    readonly transfer: readonly TransferListItem[],
  ) {}
}

// biome-ignore lint/suspicious/noExplicitAny: the parameters of a thread's functions are arbitrary.
export type Functions = Readonly<Record<string, (...args: any[]) => unknown>>

/** One end of a channel between two threads. */
class Calls {
  private readonly waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  private next = 0

  constructor(
    private readonly port: Worker | MessagePort,
    private readonly functions: Functions,
  ) {
    port.on('message', (message: Call | Reply) => {
      if ('answers' in message) this.settle(message)
      else void this.answer(message)
    })
  }

  call<T>(name: string, ...args: readonly unknown[]): Promise<T> {
    const id = this.next++
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { resolve, reject })
      const sent = args.map((arg) => (arg instanceof Handed ? arg : new Handed(arg, [])))
      const values = sent.map(({ value }) => value)
      this.port.postMessage(
        { id, name, args: values } satisfies Call,
        sent.flatMap(({ transfer }) => transfer),
      )
    })
  }

  /** Calls a function without waiting for its result. The function must not throw. */
  tell(name: string, ...args: readonly unknown[]): void {
    this.port.postMessage({ name, args } satisfies Call)
  }

  /** Rejects all pending calls. */
  fail(error: Error): void {
    for (const { reject } of this.waiting.values()) reject(error)
    this.waiting.clear()
  }

  private settle({ answers, value, error }: Reply): void {
    const waiting = this.waiting.get(answers)
    this.waiting.delete(answers)
    if (error) waiting?.reject(asError(error))
    else waiting?.resolve(value as never)
  }

  private async answer({ id, name, args }: Call): Promise<void> {
    try {
      const result = await this.functions[name](...args)
      if (id === undefined) return
      const { value, transfer } = result instanceof Handed ? result : { value: result, transfer: [] }
      this.port.postMessage({ answers: id, value } satisfies Reply, transfer)
    } catch (error) {
      if (id === undefined) throw error
      this.port.postMessage({ answers: id, error: asFailure(error) } satisfies Reply)
    }
  }
}

/** In a worker, answers the calls of the parent thread. The returned object can call functions of the parent. */
export const answerCalls = (functions: Functions): Pick<Calls, 'call' | 'tell'> => new Calls(parentPort!, functions)

/** A worker whose functions can be called. After it has ended, all calls fail. */
export class Thread {
  private readonly calls: Calls
  private dead: Error | undefined

  /** @param functions functions that the worker may call */
  constructor(
    readonly worker: Worker,
    functions: Functions = {},
  ) {
    this.calls = new Calls(worker, functions)
    worker.once('error', (error) => this.die(error))
    worker.once('exit', () => this.die(new Error('the thread has ended')))
  }

  /** Whether the worker is running. */
  get isAlive(): boolean {
    return this.dead === undefined
  }

  async call<T>(name: string, ...args: readonly unknown[]): Promise<T> {
    if (this.dead) throw this.dead
    return this.calls.call<T>(name, ...args)
  }

  /** Calls a function without waiting for its result. */
  tell(name: string, ...args: readonly unknown[]): void {
    if (this.isAlive) this.calls.tell(name, ...args)
  }

  /** Ends the worker. Pending calls fail. */
  async end(): Promise<void> {
    await this.worker.terminate()
  }

  private die(error: Error): void {
    this.dead ??= error
    this.calls.fail(this.dead)
  }
}

/** A thread that keeps the process alive only while somebody waits for it. */
export class BackgroundThread extends Thread {
  private waiting = 0

  constructor(worker: Worker) {
    super(worker)
    worker.unref()
  }

  override async call<T>(name: string, ...args: readonly unknown[]): Promise<T> {
    if (this.waiting++ === 0) this.worker.ref()
    try {
      return await super.call<T>(name, ...args)
    } finally {
      if (--this.waiting === 0) this.worker.unref()
    }
  }
}

function asFailure(error: unknown): Failure {
  const { message, stack } = error as Error
  if (!(error instanceof SpanforgeError)) return { message, stack }
  const { exitCode, options, summary } = error
  return { message: summary, foreseen: { remedy: options.remedy, exitCode } }
}

function asError({ message, stack, foreseen }: Failure): Error {
  if (!foreseen) return Object.assign(new Error(message), { stack })
  const { remedy, exitCode } = foreseen
  return exitCode === 2 ? new UsageError(message, remedy) : new SpanforgeError(message, { remedy, exitCode })
}

/**
 * Starts a worker thread that runs a module next to the caller's, compiled or not, for example
 * `startWorker(import.meta.url, './cut-worker', data)`. The module can access `workerData` under that name.
 * `resourceLimits` are those of node:worker_threads.
 */
export function startWorker(
  caller: string,
  module: string,
  workerData: unknown,
  resourceLimits?: ResourceLimits,
): Worker {
  const source = new URL(`${module}${extname(caller)}`, caller)
  const url = bundledWorker(source) ?? source
  if (extname(url.pathname) !== '.ts') return withProcessMutex(() => new Worker(url, { workerData, resourceLimits }))
  // In development, the worker runs TypeScript sources and needs a loader, which no flag provides.
  const tsx = createRequire(import.meta.url).resolve('tsx/cjs/api')
  const load = `require(${JSON.stringify(tsx)}).register(); require(${JSON.stringify(fileURLToPath(url))})`
  return withProcessMutex(() => new Worker(load, { eval: true, workerData, resourceLimits }))
}

/** Tests bundle the modules of workers before they start, because TypeScript sources take long to load in each thread. */
function bundledWorker({ pathname }: URL): URL | undefined {
  const { SPANFORGE_BUNDLED_WORKERS: folder } = process.env
  if (!folder || extname(pathname) !== '.ts') return undefined
  const file = join(folder, `${basename(pathname, '.ts')}.js`)
  return existsSync(file) ? pathToFileURL(file) : undefined
}
