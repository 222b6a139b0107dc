import { fromBfloat16, toBfloat16 } from '../bfloat16.ts'
import type { Mpi } from './mpi-library.ts'

/**
 * Adds up arrays over ranks that exchange bfloat16 values: half the bytes of float32. Each rank adds up its part of the
 * array in float32, in the order of the ranks, and sends the sums to all, so all ranks get the same bits. A value is
 * rounded twice, no matter how many ranks there are.
 */
export class Bfloat16Sum {
  /** The array of this rank, with a part for each rank. */
  private readonly own: Uint16Array
  /** This rank's part of the arrays of all ranks. */
  private readonly parts: Uint16Array
  private readonly sums: Uint16Array
  private readonly sum: Float32Array
  private readonly addend: Float32Array

  /** `longest` is the largest length of an array. */
  constructor(
    private readonly mpi: Pick<Mpi, 'exchange' | 'collect'>,
    private readonly size: number,
    longest: number,
  ) {
    const part = Math.ceil(longest / size)
    this.own = new Uint16Array(part * size)
    this.parts = new Uint16Array(part * size)
    this.sums = new Uint16Array(part)
    this.sum = new Float32Array(part)
    this.addend = new Float32Array(part)
  }

  /** Replaces the values by their sums over all ranks. */
  add(values: Float32Array): void {
    const { size, own, parts, sums } = this
    const part = Math.ceil(values.length / size)
    toBfloat16(values, own)
    this.mpi.exchange(own, parts, 2 * part)
    const [sum, addend] = [this.sum.subarray(0, part), this.addend.subarray(0, part)]
    fromBfloat16(parts, sum)
    for (let rank = 1; rank < size; rank++) {
      fromBfloat16(parts.subarray(rank * part), addend)
      for (let i = 0; i < part; i++) sum[i] += addend[i]
    }
    toBfloat16(sum, sums)
    // The sums take the place of the values that were sent.
    this.mpi.collect(sums.subarray(0, part), own)
    fromBfloat16(own, values)
  }
}
