import type { PackedWeight } from '../layouts.ts'
import type { ElementType, View } from '../memory.ts'
import type { PostOp, Primitives } from '../primitives.ts'

/** Fewer elements are computed in JavaScript: a primitive for each of their shapes would cost more than it saves. */
export const SMALL = 4096

/** One step of a run, as a kernel sees it: where its operands are, and where its results go. */
export interface Use {
  readonly dnn: Primitives
  readonly inputs: readonly View[]
  readonly outputs: readonly View[]
  readonly attributes: Readonly<Record<string, number | readonly number[]>>
  /** What a product applies to its result. */
  readonly post: readonly PostOp[]
  /** What the factors of products are rounded to. */
  readonly factors: 'f32' | 'bf16'
  /** The number under which an attention leaves its probabilities for its gradient. */
  readonly saved?: number
  /** Whether the first two operands are factors that are not rounded. */
  readonly isExact: boolean
  /** Whether the array is in memory of a caller, which ends where the array ends. */
  isForeign(x: View): boolean
  /** Memory until the end of the step. */
  temporary(type: ElementType, dims: readonly number[]): View
  /** The array in another type: itself, if it has that type. */
  as(x: View, type: ElementType): View
  /**
   * An operand that stays the same from run to run, in the type of factors and the layout that products like best: `b` is
   * how it is multiplied. With `rest`, what rounding to that type leaves. Undefined for an operand that another step
   * computed.
   */
  weight(input: number, b: View, factors: ElementType, outType: ElementType, rest?: 'rest'): PackedWeight | undefined
  /** Keeps arrays for the step that has the same `saved`; that step frees them. */
  save(arrays: readonly View[]): void
  restore(): readonly View[]
  /** Memory that `save` takes over. */
  keep(type: ElementType, dims: readonly number[]): View
  /** A row of ones [1, count]. */
  ones(type: ElementType, count: number): View
  copy(from: View, to: View, bytes: number): void
  /** Copies rows of `from` with these numbers to consecutive rows of an array of the same type. */
  copyRows(from: View, to: View, index: Int32Array): void
  numbers(x: View): Float32Array
  integers(x: View): Int32Array
  /** Sets the bytes of an array from element `from` on to zero. */
  zero(x: View, from: number, count: number): void
}

/** Stores in y what `compute` writes in a type that it can write. */
export function writeAs({ dnn, temporary }: Use, type: ElementType, y: View, compute: (to: View) => void): void {
  const to = y.type === type ? y : temporary(type, y.dims)
  compute(to)
  if (to !== y) dnn.reorder(to, y)
}

export type Kernel = (use: Use) => void
export type KernelTable = Readonly<Record<string, Kernel>>
