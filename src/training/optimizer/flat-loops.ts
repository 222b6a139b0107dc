import { availableParallelism } from 'node:os'
import { threadsByDefault } from '../../runtime/engine.ts'
import { BackgroundThread, startWorker } from '../../threads/calls.ts'
import { type AdamWOptions, type AdamWStep, adamwStep, rangesWithin, type UpdateRange } from './adamw.ts'
import type { FlatMemory } from './flat-memory.ts'
import { type AdamWArrays, type Kernels, mapArrays } from './plain-kernels.ts'

/** Halves begin at multiples of this, which are cache lines, so that no two threads write to one. */
const ELEMENTS = 16

/** The loops that a thread runs on its part of the arrays. */
export const loopsWith = (kernels: Kernels) => ({
  sumOfSquares: (x: Float32Array): number => kernels.sumOfSquares(x),
  adamw: (arrays: AdamWArrays, ranges: readonly UpdateRange[], options: AdamWOptions, step: AdamWStep): boolean =>
    adamwStep(kernels, arrays, ranges, options, step),
  average: (average: Float32Array, values: Float32Array, share: number): void =>
    kernels.average(average, values, share),
  clear: (x: Float32Array): void => void x.fill(0),
})

type Loops = ReturnType<typeof loopsWith>
type Arguments = { [Name in keyof Loops]: Parameters<Loops[Name]> }
type Results = { [Name in keyof Loops]: ReturnType<Loops[Name]> }

/** Threads that may compute, by default: as many as cores. */
const coresToUse = (): number => threadsByDefault() || availableParallelism()

/**
 * The loops over all parameters between the passes of a step. If the arrays are shared between threads, a second thread
 * processes the second half of each. On a single core, the halves are processed one after the other, so that the bits
 * do not depend on the number of cores.
 */
export class FlatLoops {
  private readonly own: { [Name in keyof Loops]: (...args: Arguments[Name]) => Results[Name] }
  private thread: BackgroundThread | undefined

  constructor(
    private readonly flat: Pick<FlatMemory, 'kernels' | 'memory' | 'isShared'>,
    private readonly cores = coresToUse(),
  ) {
    this.own = loopsWith(flat.kernels)
  }

  /** L2 norm of an array, in float64. It is finite if and only if all elements are. */
  async norm(x: Float32Array): Promise<number> {
    const sums = await this.each('sumOfSquares', x, (from, to) => [x.subarray(from, to)])
    return Math.sqrt(sums.reduce((a, b) => a + b))
  }

  /** Performs a step of AdamW. Returns whether all parameters and moments are finite afterwards. */
  async adamw(
    arrays: AdamWArrays,
    ranges: readonly UpdateRange[],
    options: AdamWOptions,
    step: AdamWStep,
  ): Promise<boolean> {
    const { adam_beta1, adam_beta2, adam_epsilon } = options
    const areFinite = await this.each('adamw', arrays.parameters, (from, to) => [
      mapArrays(arrays, (x) => x.subarray(from, to)),
      rangesWithin(ranges, from, to),
      { adam_beta1, adam_beta2, adam_epsilon },
      step,
    ])
    return areFinite.every(Boolean)
  }

  /** Moves an average toward the values, as the kernel does. */
  async average(average: Float32Array, values: Float32Array, share: number): Promise<void> {
    await this.each('average', average, (from, to) => [average.subarray(from, to), values.subarray(from, to), share])
  }

  /** Sets an array to zero. It may be outside the flat memory, but must be shared if that is. */
  async clear(x: Float32Array): Promise<void> {
    await this.each('clear', x, (from, to) => [x.subarray(from, to)])
  }

  /** Ends the second thread. */
  async release(): Promise<void> {
    await this.thread?.end()
  }

  /** Runs a loop on each half of arrays of the length of `x`, or on all of them. Returns the results in order. */
  private async each<Name extends keyof Loops>(
    name: Name,
    x: Float32Array,
    argsOf: (from: number, to: number) => Arguments[Name],
  ): Promise<Results[Name][]> {
    const run = this.own[name]
    if (!this.flat.isShared) return [run(...argsOf(0, x.length))]
    if (!(x.buffer instanceof SharedArrayBuffer)) throw new Error(`${name}: the array is not shared between threads`)
    const middle = Math.min(Math.ceil(x.length / 2 / ELEMENTS) * ELEMENTS, x.length)
    const first = argsOf(0, middle)
    const second = argsOf(middle, x.length)
    if (this.cores === 1) return [run(...first), run(...second)]
    this.thread ??= new BackgroundThread(startWorker(import.meta.url, './flat-loops-worker', this.flat.memory))
    const theirs = this.thread.call<Results[Name]>(name, ...second)
    const ours = (async () => run(...first))()
    return Promise.all([ours, theirs])
  }
}
