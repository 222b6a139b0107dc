import type { PackedWeight } from '../layouts.ts'
import { type ElementType, reshaped, size, transposed, type View, view } from '../memory.ts'
import type { FusedActivation } from '../primitives.ts'
import { type KernelTable, type Use, writeAs } from './kernel.ts'

/** Reshapes an array to a matrix: all axes except the last become rows. */
const matrix = (x: View): View => reshaped(x, [size(x.dims) / x.dims.at(-1)!, x.dims.at(-1)!])
const row = (x: View): View => reshaped(x, [1, size(x.dims)])

const factorType = (use: Use): ElementType => (use.isExact ? 'f32' : use.factors)

/** Number of columns that a layer and its activation compute at a time. */
const BLOCK = 768

/** y = x Wᵀ + b. */
function linear(use: Use): void {
  const [x, w, b] = use.inputs
  const [y] = use.outputs
  const post = use.post.map((p) => ('with' in p ? { ...p, with: matrix(p.with) } : p))
  const factors = factorType(use)
  const from = matrix(use.as(x, factors))
  writeAs(use, use.isExact ? 'f32' : y.type, y, (to) => {
    const weight = factor(use, 1, transposed(w), factors, to)
    use.dnn.matmul(from, weight, matrix(to), { bias: row(b), post, name: 'linear' })
  })
}

/**
 * Computes x Wᵀ + b, which it stores rounded for the gradient of the activation, and the activation of the value before
 * rounding. It does so in blocks of columns, because float32 results of all columns do not fit in the cache.
 */
function activatedLinear(use: Use): void {
  const { dnn, outputs, post } = use
  const [x, w, b] = use.inputs
  const { op, alpha } = post[0] as FusedActivation
  const factors = factorType(use)
  const from = matrix(use.as(x, factors))
  const [width, inner] = w.dims
  const [rows] = from.dims
  const block = use.temporary('f32', [rows, Math.min(BLOCK, width)])
  for (let start = 0; start < width; start += BLOCK) {
    const columns = Math.min(BLOCK, width - start)
    const y = reshaped(block, [rows, columns])
    const [before, after] = outputs.map((to) => reshaped(to, [rows, columns], [width, 1], start))
    const bias = reshaped(b, [1, columns], [columns, 1], start)
    const weight = factor(use, 1, transposed(reshaped(w, [columns, inner], [inner, 1], start * inner)), factors, y)
    dnn.matmul(from, weight, y, { bias, name: 'linear' })
    dnn.reorder(y, before, 'cast')
    dnn.eltwise(op, y, y, alpha)
    dnn.reorder(y, after, 'cast')
  }
}

/** y = alpha A B + beta c = alpha (A B + beta / alpha c): oneDNN adds its bias before it scales. */
function gemm(use: Use): void {
  const { attributes, inputs, dnn } = use
  const factors = factorType(use)
  const { transA, transB, alpha, beta } = attributes as Record<string, number>
  const [a, b, c] = inputs
  const [y] = use.outputs
  const left = use.as(a, factors)
  const right = transB ? transposed(b) : b
  const post = [...(alpha === 1 ? [] : [{ op: 'scale', by: alpha } as const]), ...use.post]
  const name = transA ? 'weight gradient' : 'product'
  const isWeightGradient = transA && factors === 'bf16'
  const factorB = isWeightGradient ? packedFactor(use, right, y) : factor(use, 1, right, factors, y)
  dnn.matmul(transA ? transposed(left) : left, factorB, y, { bias: c && row(scaled(use, c, beta / alpha)), post, name })
}

/** Copies the right factor of a product to the layout that oneDNN prefers. */
function packedFactor({ dnn, temporary, factors }: Use, b: View, y: View): PackedWeight {
  const left = view(factors, [y.dims[0], b.dims[0]], 0)
  const { descriptor, bytes } = dnn.preferred(left, view(factors, b.dims, 0), y)
  const copy = { descriptor, address: temporary('u8', [bytes]).address }
  dnn.reorder(b, copy, 'weights')
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
  const weight = use.weight(input, b, factors, y.type)
  if (weight) return weight
  const original = use.inputs[input]
  const converted = use.as(original, factors)
  return converted === original ? b : reshaped(converted, b.dims, [...b.strides])
}

function batchedProduct(use: Use): void {
  const { attributes, inputs, outputs, dnn } = use
  const { transA, transB, alpha } = attributes as Record<string, number>
  const [a, b] = inputs.map((x) => use.as(x, factorType(use)))
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
  ActivatedLinear: activatedLinear,
  Gemm: gemm,
  'spanforge.MatMul': batchedProduct,
}
