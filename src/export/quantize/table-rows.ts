import { apply } from '../../graph/tensor.ts'
import type { Rule } from '../../lowering/dialect.ts'
import { cast, mul } from '../../ops/elementwise.ts'
import type { StoredWeights } from '../stored-weights.ts'
import { largest } from './dynamic-products.ts'

const LARGEST = 127

/** Stores lookup tables as rows of int8 with one scale per row. Only rows that are looked up are converted. */
export const quantizedTables =
  (weights: StoredWeights): Rule =>
  ({ op, inputs: [table, index], outputs: [y], attributes }) => {
    const spec = weights.parameter(table)
    if (!spec?.table) return undefined
    const [rows, width] = spec.shape
    const row = (i: number) => weights.values(spec.name).subarray(i * width, (i + 1) * width)
    const scales = () => Float32Array.from({ length: rows }, (_, i) => largest(row(i)) / LARGEST || 1)
    const quantized = () => {
      const q = new Int8Array(rows * width)
      for (const [i, scale] of scales().entries())
        for (const [j, value] of row(i).entries()) q[i * width + j] = Math.round(value / scale)
      return q
    }
    const stored = weights.add(`${spec.name}_quantized`, { shape: [rows, width], dtype: 'int8', data: quantized })
    const scale = weights.add(`${spec.name}_scale`, { shape: [rows, 1], dtype: 'float32', data: scales })
    const lookedUp = apply(op, [stored, index], { ...y, dtype: 'int8' }, attributes)
    const scaleOfRow = apply(op, [scale, index], { shape: [...index.shape, 1], dtype: 'float32' }, attributes)
    return [mul(cast(lookedUp, 'float32'), scaleOfRow)]
  }
