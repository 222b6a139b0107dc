import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { SpanforgeError } from '../../errors.ts'
import { type Bindings, bindShape, elements } from '../../graph/shape.ts'
import { nativeMemory } from '../../native/koffi.ts'
import { BackgroundThread, startWorker } from '../../threads/calls.ts'
import {
  type CompileOptions,
  type Executable,
  type RunOptions,
  threadsByDefault,
  type Value,
  type Values,
} from '../engine.ts'
import { HeldValues } from '../held-values.ts'
import type { Placed, PlacedValues } from './interpreter.ts'
import { changed, freePacked, type PackedMemory, reservePacked } from './packed-memory.ts'
import type { Program } from './program.ts'

/** Idle time in milliseconds after which a thread ends. Its primitives and its compiled JavaScript end with it. */
const IDLE_MS = 30_000

/**
 * A thread for one library and one lane. It runs its executables one after the other, so that they do not compete for
 * the cores. It ends when it has been idle for some time, or with the process.
 */
class Computing {
  private static readonly running = new Map<string, Computing>()
  private readonly thread: BackgroundThread
  private users = 0
  private next = 0
  private idle?: NodeJS.Timeout

  private constructor(
    file: string,
    private readonly key: string,
  ) {
    this.thread = new BackgroundThread(startWorker(import.meta.url, './worker', file))
  }

  static enter(file: string, lane: number): { readonly computing: Computing; readonly id: number } {
    const key = `${lane} ${file}`
    let computing = Computing.running.get(key)
    if (!computing?.thread.isAlive) {
      computing = new Computing(file, key)
      Computing.running.set(key, computing)
    }
    computing.users++
    clearTimeout(computing.idle)
    return { computing, id: computing.next++ }
  }

  /** Calls a function of the thread. The process stays alive until the thread answers. */
  call<T = void>(name: string, ...args: readonly unknown[]): Promise<T> {
    return this.thread.call<T>(name, ...args)
  }

  /** Calls a function of the thread without waiting for it. */
  tell(name: string, ...args: readonly unknown[]): void {
    this.thread.tell(name, ...args)
  }

  leave(): void {
    if (--this.users === 0) this.idle = setTimeout(() => void this.end(), IDLE_MS).unref()
  }

  private async end(): Promise<void> {
    if (Computing.running.get(this.key) === this) Computing.running.delete(this.key)
    await this.thread.end()
  }
}

interface PlacedValue extends Placed {
  /** Keeps the memory alive. */
  readonly data: Value['data']
}

const place = ({ data, dims }: Value): PlacedValue => ({ address: nativeMemory().addressOf(data), dims, data })

/** The packed weights of the executables of a model in all lanes, until the last of them is released. */
class SharedWeights {
  readonly memory: PackedMemory
  /** Addresses of the parameters, by slot. */
  private readonly addresses = new Map<number, number>()
  private users = 0

  constructor(slots: number) {
    this.memory = reservePacked(slots)
  }

  enter(): this {
    this.users++
    return this
  }

  leave(): void {
    if (--this.users === 0) freePacked(this.memory)
  }

  /**
   * Must be called for a parameter that an executable holds. `isNew` means that it has held none under this name: then it
   * may join others that already compute with the same memory.
   */
  hold(slot: number, address: number, isNew: boolean): void {
    if (!isNew || address !== this.addresses.get(slot)) this.changed(slot)
    this.addresses.set(slot, address)
  }

  changed(slot: number): void {
    changed(this.memory, slot)
  }
}

interface Options extends CompileOptions {
  readonly lanes: number
  /** An executable of the same program. */
  readonly sibling?: OneDnnExecutable
}

/** A program that runs on a separate thread. Values are not copied: the thread reads and writes their memory. */
export class OneDnnExecutable implements Executable {
  private readonly held: HeldValues<PlacedValue>
  private running: Promise<void> = Promise.resolve()
  private released = false

  private constructor(
    readonly program: Program,
    private readonly weights: SharedWeights,
    private readonly computing: Computing,
    private readonly id: number,
    private readonly lane: number,
    /** Number of threads of a run that has all cores, and of one that shares them with other lanes. */
    private readonly threads: { readonly all: number; readonly shared: number },
    private readonly profilePrefix: string | undefined,
  ) {
    this.held = new HeldValues([...Object.keys(program.inputs), ...Object.keys(program.outputs)], place)
  }

  static async compile(
    file: string,
    program: Program,
    factors: 'f32' | 'bf16',
    { threads = threadsByDefault(), profilePrefix, lane = 0, lanes, sibling }: Options,
  ): Promise<OneDnnExecutable> {
    const all = threads || availableParallelism()
    const { computing, id } = Computing.enter(file, lane % all)
    const shared = Math.max(1, Math.floor(all / lanes))
    const joined = sibling?.released ? undefined : sibling?.weights
    const weights = (joined ?? new SharedWeights(program.slots.length)).enter()
    await computing.call('compile', id, program, factors, weights.memory, profilePrefix !== undefined)
    return new OneDnnExecutable(program, weights, computing, id, lane, { all, shared }, profilePrefix)
  }

  hold(values: Values): void {
    for (const [name, slot] of this.inputsIn(Object.keys(values)))
      this.weights.hold(slot, place(values[name]).address, !this.held.has(name))
    this.held.hold(values)
    // Weights and their gradients are read and written in strides, which is much faster in large pages.
    for (const { address, data } of Object.values(values).map(place))
      nativeMemory().preferLargePages(address, data.byteLength)
    this.computing.tell('hold', this.id, this.placed(Object.keys(values).filter(this.has), {}))
  }

  invalidate(names: Iterable<string>): void {
    for (const [, slot] of this.inputsIn(names)) this.weights.changed(slot)
  }

  /** Runs are computed in order; several may be waiting. */
  run(inputs: Values, outputs: Values, options: RunOptions = {}): Promise<void> {
    const result = this.runNow(inputs, outputs, options)
    // Without `then`, the results of each run would contain those of all runs before it.
    this.running = Promise.allSettled([this.running, result]).then(() => {})
    return result
  }

  async release(): Promise<void> {
    await this.running
    if (this.released) return
    this.released = true
    this.held.clear()
    const profile = await this.computing.call<object | undefined>('release', this.id)
    if (this.profilePrefix) writeFileSync(`${this.profilePrefix}_${this.lane}.json`, JSON.stringify(profile, null, 2))
    this.weights.leave()
    this.computing.leave()
  }

  private async runNow(inputs: Values, outputs: Values, { isShared = false }: RunOptions): Promise<void> {
    if (this.released) throw new SpanforgeError('runtime: this model has been released')
    this.held.rejectHeld(inputs, outputs)
    const values = { ...inputs, ...outputs }
    const passed = Object.keys(values).filter(this.has)
    const bindings = this.bind(values)
    await this.computing.call(
      'run',
      this.id,
      this.placed(passed, values),
      bindings,
      isShared ? this.threads.shared : this.threads.all,
    )
  }

  private inputsIn(names: Iterable<string>): [name: string, slot: number][] {
    const { inputs } = this.program
    return [...names].filter((name) => name in inputs).map((name) => [name, inputs[name]])
  }

  private readonly has = (name: string): boolean => name in this.program.inputs || name in this.program.outputs

  /**
   * Returns the named dimensions of a run.
   * @throws SpanforgeError for a value that is missing, or whose dimensions do not fit the graph and the other values
   */
  private bind(passed: Values): Bindings {
    const { slots, inputs, outputs } = this.program
    const bindings: Record<string, number> = {}
    for (const [name, slot] of [...Object.entries(inputs), ...Object.entries(outputs)]) {
      const { dims, data } = this.held.get(name, passed)
      const { shape } = slots[slot]
      for (const [axis, dim] of shape.entries())
        if (typeof dim === 'string' && !dim.includes('*')) bindings[dim] ??= dims[axis]
      const expected = bindShape(shape, bindings)
      if (`${dims}` !== `${expected}` || data.length !== elements(expected))
        throw new SpanforgeError(
          `oneDNN failed: ${name} has ${data.length} elements in dimensions [${dims}]; expected [${expected}]`,
        )
    }
    return bindings
  }

  private placed(names: readonly string[], values: Values): PlacedValues {
    return Object.fromEntries(
      names.map((name) => {
        const { address, dims } = this.held.get(name, values)
        return [name, { address, dims }]
      }),
    )
  }
}
