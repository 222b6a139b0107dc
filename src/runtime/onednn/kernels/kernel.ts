import type { PackedWeight } from '../layouts.ts'
import type { ElementType, View } from '../memory.ts'
import type { PostOp, Primitives } from '../primitives.ts'

/** Fewer elements than this are computed in JavaScript: a primitive for each of their shapes would take longer. */
export const SMALL = 4096

/** A step of a run as a kernel sees it: its operands, and where it writes its results. */
export interface Use {
  readonly dnn: Primitives
  readonly inputs: readonly View[]
  readonly outputs: readonly View[]
  readonly attributes: Readonly<Record<string, number | readonly number[]>>
  /** Operations that a product applies to its result. */
  readonly post: readonly PostOp[]
  /** The type to which the factors of products are rounded. */
  readonly factors: 'f32' | 'bf16'
  /** The number under which an attention saves its probabilities for its gradient. */
  readonly saved?: number
  /** Whether the first two operands are factors that are not rounded. */
  readonly isExact: boolean
  /** Whether the array is in the caller's memory, which has no extra rows. */
  isForeign(x: View): boolean
  /** Allocates memory until the end of the step. */
  temporary(type: ElementType, dims: readonly number[]): View
  /** Converts the array to another type. Returns it unchanged if it has that type. */
  as(x: View, type: ElementType): View
  /**
   * Returns an operand that stays the same from run to run, in the type of factors and the layout that is best for
   * products; `b` is its view in the product, or a block of columns of it. Undefined for an operand that another step
   * computes.
   */
  weight(input: number, b: View, factors: ElementType, outType: ElementType): PackedWeight | undefined
  /** Keeps arrays for the step with the same `saved`, which frees them. */
  save(arrays: readonly View[]): void
  restore(): readonly View[]
  /** Allocates memory for `save`. */
  keep(type: ElementType, dims: readonly number[]): View
  /** Returns a row of ones, [1, count]. */
  ones(type: ElementType, count: number): View
  copy(from: View, to: View, bytes: number): void
  /** Copies the rows of `from` with these indices to consecutive rows of an array of the same type. */
  copyRows(from: View, to: View, index: Int32Array): void
  numbers(x: View): Float32Array
  integers(x: View): Int32Array
  /** Sets the bytes of an array from element `from` on to zero. */
  zero(x: View, from: number, count: number): void
}

/** Stores in y the values that `compute` writes, which may not support the type of y. */
export function writeAs({ dnn, temporary }: Use, type: ElementType, y: View, compute: (to: View) => void): void {
  const to = y.type === type ? y : temporary(type, y.dims)
  compute(to)
  if (to !== y) dnn.reorder(to, y)
}

export type Kernel = (use: Use) => void
export type KernelTable = Readonly<Record<string, Kernel>>
