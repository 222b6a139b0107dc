/** Calls between two threads: each side calls functions of the other and gets the answer, or the error thrown there. */
import { type MessagePort, parentPort, type TransferListItem, type Worker } from 'node:worker_threads'
import { SpanforgeError, UsageError } from '../errors.ts'

interface Call {
  /** Undefined if no answer is expected. */
  readonly id?: number
  readonly name: string
  readonly args: readonly unknown[]
}

/** Errors lose their class between threads: this restores SpanforgeError and UsageError. */
interface Failure {
  readonly message: string
  readonly stack?: string
  /** Of a SpanforgeError, whose summary the message is. */
  readonly foreseen?: { readonly remedy?: string; readonly exitCode: number }
}

interface Reply {
  readonly answers: number
  readonly value?: unknown
  readonly error?: Failure
}

/** An answer whose buffers are handed over rather than copied. */
export class Handed<T> {
  constructor(
    readonly value: T,
    readonly transfer: readonly TransferListItem[],
  ) {}
}

// biome-ignore lint/suspicious/noExplicitAny: the functions of a thread take whatever they take.
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
      this.port.postMessage({ id, name, args } satisfies Call)
    })
  }

  /** Calls a function without waiting for its answer; it must not throw. */
  tell(name: string, ...args: readonly unknown[]): void {
    this.port.postMessage({ name, args } satisfies Call)
  }

  /** Every call that waits for an answer fails. */
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

/** In a worker: answers the calls of the thread that started it, and can call functions of that thread. */
export const answerCalls = (functions: Functions): Pick<Calls, 'call' | 'tell'> => new Calls(parentPort!, functions)

/** A worker whose functions can be called. Once it has died, every call fails. */
export class Thread {
  private readonly calls: Calls
  private dead: Error | undefined

  /** @param functions what the worker may call */
  constructor(
    readonly worker: Worker,
    functions: Functions = {},
  ) {
    this.calls = new Calls(worker, functions)
    worker.once('error', (error) => this.die(error))
    worker.once('exit', () => this.die(new Error('the thread has ended')))
  }

  /** Whether the worker still answers. */
  get isAlive(): boolean {
    return this.dead === undefined
  }

  async call<T>(name: string, ...args: readonly unknown[]): Promise<T> {
    if (this.dead) throw this.dead
    return this.calls.call<T>(name, ...args)
  }

  /** Calls a function without waiting for its answer. */
  tell(name: string, ...args: readonly unknown[]): void {
    if (this.isAlive) this.calls.tell(name, ...args)
  }

  /** Ends the worker; calls that wait for an answer fail. */
  async end(): Promise<void> {
    await this.worker.terminate()
  }

  private die(error: Error): void {
    this.dead ??= error
    this.calls.fail(this.dead)
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
