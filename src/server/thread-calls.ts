/** Calls from one thread to functions in another: each gets its answer, or the error that was thrown there. */
import type { TransferListItem, Worker } from 'node:worker_threads'
import { parentPort } from 'node:worker_threads'
import { SpanforgeError } from '../errors.ts'

interface Call {
  readonly id: number
  readonly name: string
  readonly args: readonly unknown[]
}

/** Errors lose their class between threads: this is what makes a SpanforgeError again. */
interface Failure {
  readonly message: string
  readonly stack?: string
  /** Of a SpanforgeError, whose summary the message is. */
  readonly foreseen?: { readonly remedy?: string; readonly exitCode: number }
}

interface Reply {
  readonly id: number
  readonly value?: unknown
  readonly error?: Failure
}

/** A reply with what is handed over rather than copied. */
export interface Handed<T> {
  readonly value: T
  readonly transfer: readonly TransferListItem[]
}

// biome-ignore lint/suspicious/noExplicitAny: the functions of a thread take whatever they take.
type Functions = Readonly<Record<string, (...args: any[]) => Promise<Handed<unknown>>>>

/** In the worker: answers the calls of the thread that started it. */
export function answerCalls(functions: Functions): void {
  parentPort!.on('message', async ({ id, name, args }: Call) => {
    try {
      const { value, transfer } = await functions[name](...args)
      parentPort!.postMessage({ id, value } satisfies Reply, transfer)
    } catch (error) {
      parentPort!.postMessage({ id, error: asFailure(error) } satisfies Reply)
    }
  })
}

/** The other side: calls functions of a worker that answers them. Once the worker has died every call fails. */
export class Thread {
  private readonly waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  private next = 0
  private dead: Error | undefined

  constructor(readonly worker: Worker) {
    worker.on('message', ({ id, value, error }: Reply) => {
      const { resolve, reject } = this.waiting.get(id)!
      this.waiting.delete(id)
      if (error) reject(asError(error))
      else resolve(value as never)
    })
    worker.once('error', (error) => this.die(error))
    worker.once('exit', () => this.die(new Error('the thread has ended')))
  }

  /** Whether the worker still answers. */
  get isAlive(): boolean {
    return this.dead === undefined
  }

  async call<T>(name: string, ...args: readonly unknown[]): Promise<T> {
    if (this.dead) throw this.dead
    const id = this.next++
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { resolve, reject })
      this.worker.postMessage({ id, name, args } satisfies Call)
    })
  }

  /** Ends the worker; calls that wait for an answer fail. */
  async end(): Promise<void> {
    await this.worker.terminate()
  }

  private die(error: Error): void {
    this.dead ??= error
    for (const { reject } of this.waiting.values()) reject(this.dead)
    this.waiting.clear()
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
  return new SpanforgeError(message, foreseen)
}
