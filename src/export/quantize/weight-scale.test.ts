import { expect, test } from 'vitest'
import { rowScale, weightScale } from './weight-scale.ts'

/** A reproducible row of weights, with some large neighbors. */
const row = Float32Array.from({ length: 1001 }, (_, i) => Math.sin(i * i) * (i % 7 === 0 ? 3 : 1))

const pairs = (scale: number) =>
  Array.from({ length: row.length >> 1 }, (_, i) => Math.round(row[2 * i] / scale) + Math.round(row[2 * i + 1] / scale))

test('two neighboring weights with activations of 255 fit into 16 bits', () => {
  const largest = (scale: number) => 255 * Math.max(...pairs(scale).map(Math.abs))
  expect(largest(rowScale(row))).toBeGreaterThan(2 ** 15 - 1)
  expect(largest(weightScale(row))).toBeLessThan(2 ** 15)
})

test('the scale is as small as possible', () => {
  expect(weightScale(Float32Array.of(1, -1, 0.25, 0.75))).toBeCloseTo(1 / 127)
  expect(weightScale(Float32Array.of(1, 0.5))).toBeCloseTo(1.5 / 127)
  expect(weightScale(Float32Array.of(0.5, 0.5, -2))).toBeCloseTo(2 / 127)
  expect(weightScale(new Float32Array(3))).toBeGreaterThan(0)
})
