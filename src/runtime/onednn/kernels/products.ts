import type { PackedWeight } from '../layouts.ts'
import { type ElementType, reshaped, size, transposed, type View, view } from '../memory.ts'
import type { PostOp } from '../primitives.ts'
import { type KernelTable, type Use, writeAs } from './kernel.ts'

/** Reshapes an array to a matrix: all axes except the last become rows. */
const matrix = (x: View): View => reshaped(x, [size(x.dims) / x.dims.at(-1)!, x.dims.at(-1)!])
const row = (x: View): View => reshaped(x, [1, size(x.dims)])

/** y = x Wᵀ + b. */
function linear(use: Use): void {
  const [x, w, b] = use.inputs
  const [y] = use.outputs
  const weight = transposed(w)
  const bias = row(b)
  const post = use.post.map((p) => ('with' in p ? { ...p, with: matrix(p.with) } : p))
  const multiply = (factors: ElementType, to: View) =>
    use.dnn.matmul(matrix(use.as(x, factors)), factor(use, 1, weight, factors, to), matrix(to), {
      ...{ bias, post, name: 'linear' },
    })
  const parts = use.isExact && use.dnn.hasAmx ? partsOf(use, 1, weight) : undefined
  if (!use.isExact) multiply(use.factors, y)
  else if (!parts) writeAs(use, 'f32', y, (to) => multiply('f32', to))
  else writeAs(use, 'f32', y, (to) => addUpParts(use, matrix(x), parts, matrix(to), bias, post))
}

/** Splits a weight into its value rounded to the type of factors, and the rounding error, which is rounded as well. */
function partsOf(use: Use, input: number, b: View): readonly [PackedWeight, PackedWeight] | undefined {
  const rounded = use.weight(input, b, use.factors, 'f32')
  const rest = rounded && use.weight(input, b, use.factors, 'f32', 'rest')
  return rest && [rounded, rest]
}

/**
 * Adds up the products of split factors. With AMX, three products of such parts take much less time than one in
 * float32. The product of both rounding errors is negligible.
 */
function addUpParts(
  { dnn, factors, as, temporary }: Use,
  x: View,
  [weight, weightRest]: readonly [PackedWeight, PackedWeight],
  y: View,
  bias: View,
  post: readonly PostOp[],
): void {
  const rounded = as(x, factors)
  const difference = temporary('f32', x.dims)
  dnn.binary('sub', x, rounded, difference)
  const sum: PostOp = { op: 'add', with: y }
  dnn.matmul(as(difference, factors), weight, y, { bias, name: 'linear' })
  dnn.matmul(rounded, weightRest, y, { post: [sum], name: 'linear' })
  dnn.matmul(rounded, weight, y, { post: [sum, ...post], name: 'linear' })
}

/** y = alpha A B + beta c = alpha (A B + beta / alpha c): oneDNN adds its bias before it scales. */
function gemm(use: Use): void {
  const { attributes, inputs, dnn } = use
  const factors = use.isExact ? 'f32' : use.factors
  const { transA, transB, alpha, beta } = attributes as Record<string, number>
  const [a, b, c] = inputs
  const [y] = use.outputs
  const left = use.as(a, factors)
  const right = transB ? transposed(b) : b
  const post = [...(alpha === 1 ? [] : [{ op: 'scale', by: alpha } as const]), ...use.post]
  const name = transA ? 'weight gradient' : 'product'
  const isWeightGradient = transA && factors === 'bf16'
  const factorB = isWeightGradient ? packed(use, right, y) : factor(use, 1, right, factors, y)
  dnn.matmul(transA ? transposed(left) : left, factorB, y, { bias: c && row(scaled(use, c, beta / alpha)), post, name })
}

/** Copies the right factor of a product to the layout that oneDNN prefers. */
function packed({ dnn, temporary, factors }: Use, b: View, y: View): PackedWeight {
  const left = view(factors, [y.dims[0], b.dims[0]], 0)
  const { descriptor, bytes } = dnn.preferred(left, view(factors, b.dims, 0), y)
  const copy = { descriptor, address: temporary('u8', [bytes]).address }
  dnn.reorder(b, copy, 'cast')
  return copy
}

function scaled({ dnn, temporary }: Use, x: View, by: number): View {
  if (by === 1) return x
  const y = temporary(x.type, x.dims)
  dnn.eltwise('linear', x, y, by)
  return y
}

/** Returns the right factor of a product: packed if it is a weight, otherwise converted to the type of factors. */
function factor(use: Use, input: number, b: View, factors: ElementType, y: View) {
  const packed = use.weight(input, b, factors, y.type)
  if (packed) return packed
  const original = use.inputs[input]
  const converted = use.as(original, factors)
  return converted === original ? b : reshaped(converted, b.dims, [...b.strides])
}

function batchedProduct(use: Use): void {
  const { attributes, inputs, outputs, dnn } = use
  const { transA, transB, alpha } = attributes as Record<string, number>
  const [a, b] = inputs.map((x) => use.as(x, use.isExact ? 'f32' : use.factors))
  const rank = outputs[0].dims.length
  const padded = (x: View): View => {
    const axes = (value: number) => new Array<number>(rank - x.dims.length).fill(value)
    return reshaped(x, [...axes(1), ...x.dims], [...axes(size(x.dims)), ...x.strides])
  }
  const [left, right] = [padded(a), padded(b)]
  const post = alpha === 1 ? [] : [{ op: 'scale', by: alpha } as const]
  dnn.matmul(transA ? transposed(left) : left, transB ? transposed(right) : right, outputs[0], { post })
}

export const productKernels: KernelTable = {
  'spanforge.Linear': linear,
  Gemm: gemm,
  'spanforge.MatMul': batchedProduct,
}
