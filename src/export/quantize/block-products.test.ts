import { expect, test } from 'vitest'
import { input } from '../../graph/tensor.ts'
import { FlatParameters } from '../../models/flat-parameters.ts'
import { Parameters } from '../../nn/parameters.ts'
import { StoredWeights } from '../stored-weights.ts'
import { blockProduct } from './block-products.ts'

const [ROWS, BLOCK] = [4, 32]

/** Rows of one block each: with its largest value above 0, with its largest below 0, of a single value, and of zeros. */
const values = Float32Array.from({ length: ROWS * BLOCK }, (_, i) => {
  const [row, column] = [Math.floor(i / BLOCK), i % BLOCK]
  if (row >= 2) return row === 2 ? -0.5 : 0
  return column === 9 ? 1 - 2 * row : 0.85 * Math.sin(i * i)
})

test.each([4, 8] as const)('weights of %i bits are rounded to the nearest step of their block', (bits) => {
  const parameters = new Parameters()
  parameters.get('w', [ROWS, BLOCK])
  const spec = parameters.specs.get('w')!
  const weights = new StoredWeights(parameters.specs, new FlatParameters([spec], values))
  blockProduct(weights, bits)(input('x', [1, BLOCK]), spec, { shape: [1, ROWS], dtype: 'float32' })
  const data = (name: string) => weights.initializers.get(name)!.data()
  const [bytes, scales] = [data(`w_q${bits}`) as Uint8Array, data('w_scales') as Float32Array]
  const perByte = 8 / bits
  const integer = (i: number) => (bytes[Math.floor(i / perByte)] >> (bits * (i % perByte))) % 2 ** bits
  for (const [i, value] of values.entries()) {
    const scale = scales[Math.floor(i / BLOCK)]
    const stored = scale * (integer(i) - 2 ** (bits - 1))
    expect(Math.abs(stored - value), `value ${i}`).toBeLessThanOrEqual(Math.abs(scale) / 2 + 1e-7)
  }
})
