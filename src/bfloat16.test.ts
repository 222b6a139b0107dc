import { expect, test } from 'vitest'
import { fromBfloat16, toBfloat16 } from './bfloat16.ts'

const rounded = (...values: number[]): number[] => {
  const halves = new Uint16Array(values.length)
  toBfloat16(Float32Array.from(values), halves)
  const target = new Float32Array(values.length)
  fromBfloat16(halves, target)
  return [...target]
}

test('keeps values with 8 significant bits, zeros, infinities and NaN', () => {
  const exact = [0, -0, 1, -1.9921875, 255, 2 ** -126, 2 ** -133, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  expect(rounded(...exact)).toEqual(exact)
  expect(rounded(Number.NaN)).toEqual([Number.NaN])
})

test('rounds to the nearest value, ties to even', () => {
  expect(rounded(1 + 1 / 256, 1 + 3 / 256, 1 + 1.01 / 256, -257)).toEqual([1, 1 + 2 / 128, 1 + 1 / 128, -256])
  expect(rounded(3.4e38)).toEqual([Number.POSITIVE_INFINITY])
  // A NaN whose only fraction bits are in the lower half.
  const nan = new Float32Array(Uint32Array.of(0x7f800001).buffer)
  const half = new Uint16Array(1)
  toBfloat16(nan, half)
  expect(half[0] & 0x7f).not.toBe(0)
})
