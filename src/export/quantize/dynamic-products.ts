import type { DType } from '../../graph/data.ts'
import { apply, applyAll, type Tensor } from '../../graph/tensor.ts'
import type { Rule } from '../../lowering/lower.ts'
import type { ParameterSpec } from '../../nn/parameters.ts'
import { cast, mul } from '../../ops/elementwise.ts'
import type { StoredWeights } from '../stored-weights.ts'
import type { Product } from './products.ts'
import { type Smoothing, type Smoothings, smoothedRows } from './smoothing.ts'
import { rowScale, weightScale } from './weight-scale.ts'

/** Weights of 8 bits with one scale per output, and where their zero is. */
export interface DynamicType {
  readonly dtype: 'int8' | 'uint8'
  readonly zero: number
}

export const SIGNED: DynamicType = { dtype: 'int8', zero: 0 }
export const UNSIGNED: DynamicType = { dtype: 'uint8', zero: 128 }

/**
 * Products of 8-bit integers. Weights are quantized here with one scale per output, activations while the graph runs
 * with one scale for the whole tensor: x Wᵀ = (xq - xz) (wq - wz) xs ws. Activations are smoothed before.
 */
export function dynamicProduct(weights: StoredWeights, { dtype, zero }: DynamicType, smoothings?: Smoothings): Product {
  return (x, weight, type) => {
    const [out, size] = weight.shape
    const add = (
      part: string,
      shape: readonly number[],
      dtype: DType,
      data: () => Float32Array | Int8Array | Uint8Array,
    ) => weights.add(`${weight.name}_${part}`, { shape, dtype, data })
    const smoothing = smoothings?.get(weight.name)
    const rows = () => smoothedRows(weights.values(weight.name), size, smoothing?.divisors)
    const scales = () => scalesOf(out, rows(), weightScale)
    const [xq, xs, xz] = quantized(smoothing ? mul(x, reciprocals(weights, smoothing)) : x)
    const wq = add('quantized', [size, out], dtype, () => columns(rows(), weight, scales(), { dtype, zero }))
    const ws = add('scale', [out], 'float32', scales)
    const wz = zero === 0 ? [] : [add('zero_point', [out], dtype, () => new Uint8Array(out).fill(zero))]
    const sums = apply({ type: 'MatMulInteger' }, [xq, wq, xz, ...wz], { ...type, dtype: 'int32' })
    return mul(cast(sums, 'float32'), mul(xs, ws))
  }
}

/** Stored once for all products of the same activations, so that these are quantized once. */
const reciprocals = (weights: StoredWeights, { name, divisors }: Smoothing): Tensor =>
  weights.add(name, { shape: [divisors.length], dtype: 'float32', data: () => divisors.map((divisor) => 1 / divisor) })

const quantized = (x: Tensor): readonly Tensor[] =>
  applyAll(
    { type: 'DynamicQuantizeLinear' },
    [x],
    [
      { shape: x.shape, dtype: 'uint8' },
      { shape: [], dtype: 'float32' },
      { shape: [], dtype: 'uint8' },
    ],
  )

function scalesOf(
  count: number,
  row: (i: number) => Float32Array,
  scaleOf: (values: Float32Array) => number,
): Float32Array {
  const scales = new Float32Array(count)
  for (let i = 0; i < count; i++) scales[i] = scaleOf(row(i))
  return scales
}

/** The quantized weights [size, out]: MatMulInteger has no transposition. */
function columns(
  row: (output: number) => Float32Array,
  { shape: [out, size] }: ParameterSpec,
  scales: Float32Array,
  { dtype, zero }: DynamicType,
): Int8Array | Uint8Array {
  const q = dtype === 'int8' ? new Int8Array(out * size) : new Uint8Array(out * size)
  for (let o = 0; o < out; o++) {
    const values = row(o)
    for (let i = 0; i < size; i++) q[i * out + o] = Math.round(values[i] / scales[o]) + zero
  }
  return q
}

/** Stores lookup tables as rows of int8 with one scale per row. Only rows that are looked up are converted. */
export const quantizedTables =
  (weights: StoredWeights): Rule =>
  ({ op, inputs: [table, index], outputs: [y], attributes }) => {
    const spec = weights.parameter(table)
    if (!spec?.table) return undefined
    const [rows, width] = spec.shape
    const row = (i: number) => weights.values(spec.name).subarray(i * width, (i + 1) * width)
    const slice = (from: number, to: number) => quantizedRows(row, width, { from, to })
    const stored = weights.add(`${spec.name}_quantized`, {
      shape: [rows, width],
      dtype: 'int8',
      data: () => slice(0, rows * width),
      slice,
    })
    const scale = weights.add(`${spec.name}_scale`, {
      shape: [rows, 1],
      dtype: 'float32',
      data: () => scalesOf(rows, row, rowScale),
    })
    const lookedUp = apply(op, [stored, index], { ...y, dtype: 'int8' }, attributes)
    const scaleOfRow = apply(op, [scale, index], { shape: [...index.shape, 1], dtype: 'float32' }, attributes)
    return [mul(cast(lookedUp, 'float32'), scaleOfRow)]
  }

/** Some of the elements of a table, each divided by the scale of its row. */
function quantizedRows(
  row: (i: number) => Float32Array,
  width: number,
  { from, to }: { readonly from: number; readonly to: number },
): Int8Array {
  const q = new Int8Array(to - from)
  for (let first = from - (from % width); first < to; first += width) {
    const values = row(first / width)
    const scale = Math.fround(rowScale(values))
    for (let at = Math.max(from, first); at < Math.min(to, first + width); at++)
      q[at - from] = Math.round(values[at - first] / scale)
  }
  return q
}
