/** Memory outside of V8's heap: views of arrays, and the heap for intermediate values. */
import { SpanforgeError } from '../../errors.ts'
import { nativeMemory } from '../../native/koffi.ts'
import { MEMORY_REMEDY } from '../engine.ts'

export type ElementType = 'f32' | 'bf16' | 's32' | 'u8'

export const BYTES: Readonly<Record<ElementType, 1 | 2 | 4>> = { f32: 4, bf16: 2, s32: 4, u8: 1 }

/** An array at an address. It does not own the memory. Strides count elements. */
export class View {
  private known?: string

  constructor(
    readonly type: ElementType,
    readonly dims: readonly number[],
    readonly strides: readonly number[],
    readonly address: number,
  ) {}

  /** Type, dimensions and strides, which determine the primitive for a computation with this array. */
  get signature(): string {
    this.known ??= `${this.type}${this.dims}/${this.strides}`
    return this.known
  }

  /** Returns an array of the same layout at another address. */
  at(address: number): View {
    const x = new View(this.type, this.dims, this.strides, address)
    x.known = this.signature
    return x
  }
}

export const size = (dims: readonly number[]): number => dims.reduce((n, d) => n * d, 1)

export function rowMajor(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length)
  for (let i = dims.length - 1, n = 1; i >= 0; i--) {
    strides[i] = n
    n *= dims[i]
  }
  return strides
}

export const view = (type: ElementType, dims: readonly number[], address: number): View =>
  new View(type, dims, rowMajor(dims), address)

/** Returns the same memory with other dimensions and strides, starting at element `offset`. */
export const reshaped = (x: View, dims: readonly number[], strides = rowMajor(dims), offset = 0): View =>
  new View(x.type, dims, strides, x.address + offset * BYTES[x.type])

/** Returns the array with its last two axes exchanged. */
export const transposed = (x: View): View => reshaped(x, swapLast(x.dims), swapLast(x.strides))

const swapLast = (list: readonly number[]): number[] => [...list.slice(0, -2), list.at(-1)!, list.at(-2)!]

/**
 * Arrays begin at multiples of this, which are cache lines; the distance keeps arrays of equal size out of each other's
 * cache sets.
 */
const ALIGNMENT = 128
export const roomFor = (bytes: number): number => (Math.ceil(bytes / ALIGNMENT) + 1) * ALIGNMENT

/**
 * A heap for intermediate values of a run. It reserves as many addresses as it may ever need, and uses as much memory
 * as the largest run needed. Allocation takes the first gap that is large enough.
 */
export class Heap {
  private readonly base: number
  /** Free gaps in ascending order, never adjacent. */
  private readonly gaps: { start: number; end: number }[]

  constructor(private readonly bytes: number) {
    this.base = nativeMemory().reserve(bytes)
    this.gaps = [{ start: 0, end: bytes }]
  }

  contains(address: number): boolean {
    return address >= this.base && address < this.base + this.bytes
  }

  allocate(bytes: number): number {
    const room = roomFor(bytes)
    const i = this.gaps.findIndex(({ start, end }) => end - start >= room)
    if (i < 0) throw new SpanforgeError('memory: oneDNN ran out of memory', { remedy: MEMORY_REMEDY })
    const gap = this.gaps[i]
    const { start } = gap
    gap.start += room
    if (gap.start === gap.end) this.gaps.splice(i, 1)
    return this.base + start
  }

  /** Frees a block that `allocate` returned for this number of bytes. */
  release(address: number, bytes: number): void {
    const start = address - this.base
    const end = start + roomFor(bytes)
    const next = this.gaps.findIndex((gap) => gap.start >= end)
    const i = next < 0 ? this.gaps.length : next
    const [before, after] = [this.gaps[i - 1], this.gaps[i]]
    if (before?.end === start && after?.start === end) {
      before.end = after.end
      this.gaps.splice(i, 1)
    } else if (before?.end === start) before.end = end
    else if (after?.start === end) after.start = start
    else this.gaps.splice(i, 0, { start, end })
  }

  close(): void {
    nativeMemory().unreserve(this.base, this.bytes)
  }
}
