import { expect, test } from 'vitest'
import { inBfloat16 } from '../../tests/fake-ranks.ts'
import { toBfloat16 } from '../bfloat16.ts'
import { Bfloat16Sum } from './bfloat16-sum.ts'

/**
 * The sums on one of several ranks, which compute alternately: the values of the others are sent as they are, and their
 * sums are recomputed here.
 */
function sumOn(rank: number, arrays: readonly Float32Array[], longest: number): Float32Array {
  const size = arrays.length
  const part = Math.ceil(arrays[0].length / size)
  const halvesOf = (values: Float32Array) => {
    const halves = new Uint16Array(part * size)
    toBfloat16(values, halves)
    return halves
  }
  const all = arrays.map(halvesOf)
  const mpi = {
    exchange(sent: Uint16Array, received: Uint16Array, bytes: number) {
      expect(bytes).toBe(2 * part)
      expect(sent.subarray(0, part * size)).toEqual(all[rank])
      for (const [i, halves] of all.entries()) received.set(halves.subarray(rank * part, (rank + 1) * part), i * part)
    },
    collect(sent: Uint16Array, received: Uint16Array) {
      const sums = arrays[0].map((_, i) => arrays.reduce((sum, values) => Math.fround(sum + inBfloat16(values)[i]), 0))
      received.set(halvesOf(sums))
      expect(received.subarray(rank * part, (rank + 1) * part)).toEqual(sent)
    },
  }
  const values = arrays[rank].slice()
  new Bfloat16Sum(mpi, size, longest).add(values)
  return values
}

test.each([
  [1, 5],
  [2, 8],
  [3, 7],
  [4, 2],
])('%i ranks add up %i values', (size, length) => {
  const arrays = Array.from({ length: size }, (_, rank) =>
    Float32Array.from({ length }, (_, i) => Math.sin(1 + i * size + rank) * 10 ** (i - 3)),
  )
  const exact = arrays[0].map((_, i) => arrays.reduce((sum, values) => sum + values[i], 0))
  const results = arrays.map((_, rank) => sumOn(rank, arrays, length + 3))
  for (const result of results) {
    expect(result).toEqual(results[0])
    // The sum of the rounded values is rounded once more, to 8 significant bits.
    for (const [i, value] of result.entries()) {
      const scale = arrays.reduce((sum, values) => sum + Math.abs(values[i]), 0)
      expect(Math.abs(value - exact[i])).toBeLessThanOrEqual(scale * 2 ** -7)
    }
  }
})

test('keeps infinities and NaN, so that a step that is not finite is noticed', () => {
  const arrays = [Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, 1), Float32Array.of(1, 1, Number.NaN)]
  expect(sumOn(1, arrays, 3)).toEqual(Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, Number.NaN))
})
