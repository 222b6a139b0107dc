import { expect, test } from 'vitest'
import { toFloat16 } from '../float16.ts'
import { toFloat32 } from './floats.ts'

const halves = Uint16Array.from({ length: 2 ** 16 }, (_, half) => half)
const values = new Float32Array(2 ** 16)
toFloat32('F16', new Uint8Array(halves.buffer), values)
const isNaN16 = (half: number): boolean => (half & 0x7fff) > 0x7c00
const MAX_HALF_BITS = 0x7bff

test('converts known float16 bit patterns to their IEEE 754 values', () => {
  const known = {
    0: 0,
    1: 2 ** -24,
    1023: 1023 * 2 ** -24,
    1024: 2 ** -14,
    15360: 1,
    15361: 1 + 2 ** -10,
    31743: 65504,
  }
  for (const [half, value] of Object.entries(known)) expect(values[Number(half)]).toBe(value)
  expect(values[0x7c00]).toBe(Infinity)
  expect(values[0xfc00]).toBe(-Infinity)
  expect(values[0xc000]).toBe(-2)
  expect(Object.is(values[0x8000], -0)).toBe(true)
  expect(values[0x7e00]).toBeNaN()
})

test('every float16 value survives a round trip through float32', () => {
  const back = toFloat16(values)
  for (const half of halves) {
    if (isNaN16(half)) expect(isNaN16(back[half])).toBe(true)
    else if (back[half] !== half) expect(back[half]).toBe(half)
  }
})

test('rounds to the nearest float16 value, with ties to even', () => {
  const up = new Float32Array(MAX_HALF_BITS)
  const middle = new Float32Array(MAX_HALF_BITS)
  const down = new Float32Array(MAX_HALF_BITS)
  for (let half = 0; half < MAX_HALF_BITS; half++) {
    // Exact in float32, because it needs only 12 significant bits.
    middle[half] = (values[half] + values[half + 1]) / 2
    down[half] = values[half] + (values[half + 1] - values[half]) * 0.499
    up[half] = values[half] + (values[half + 1] - values[half]) * 0.501
  }
  const even = Uint16Array.from(middle, (_, half) => half + (half & 1))
  expect(toFloat16(middle)).toEqual(even)
  expect(toFloat16(down)).toEqual(halves.slice(0, MAX_HALF_BITS))
  expect(toFloat16(up)).toEqual(halves.slice(1, MAX_HALF_BITS + 1))
})

test('rounds to infinity from half a step above the largest float16', () => {
  expect([...toFloat16(Float32Array.of(65519, 65520, -65520, 1e38, Infinity))]).toEqual([
    0x7bff, 0x7c00, 0xfc00, 0x7c00, 0x7c00,
  ])
})

test('widens bfloat16 to float32 exactly and rounds float64 to float32', () => {
  const target = new Float32Array(3)
  toFloat32('BF16', new Uint8Array(Uint16Array.of(0x3f80, 0xc049, 0x0001).buffer), target)
  expect([...target]).toEqual([1, -3.140625, 2 ** -133])
  toFloat32('F64', new Uint8Array(Float64Array.of(0.1, 1e300, -2).buffer), target)
  expect([...target]).toEqual([Math.fround(0.1), Infinity, -2])
})
