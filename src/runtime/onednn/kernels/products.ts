import { reshaped, size, transposed, type View } from '../memory.ts'
import type { KernelTable, Use } from './kernel.ts'

/** As a matrix: all axes but the last are rows. */
const matrix = (x: View): View => reshaped(x, [size(x.dims) / x.dims.at(-1)!, x.dims.at(-1)!])
const row = (x: View): View => reshaped(x, [1, size(x.dims)])

/** y = x Wᵀ + b. */
function linear(use: Use): void {
  const [x, w, b] = use.inputs
  const [y] = use.outputs
  const weight = transposed(w)
  use.dnn.matmul(matrix(use.as(x, use.factors)), factor(use, 1, weight, y), matrix(y), {
    bias: row(b),
    post: use.post.map((p) => ('with' in p ? { ...p, with: matrix(p.with) } : p)),
    name: 'linear',
  })
}

/** y = alpha A B + beta c. */
function gemm(use: Use): void {
  const { attributes, factors, inputs, dnn } = use
  const { transA, transB, alpha, beta } = attributes as Record<string, number>
  const [a, b, c] = inputs
  const [y] = use.outputs
  const left = use.as(a, factors)
  const right = transB ? transposed(b) : b
  const post = [...(alpha === 1 ? [] : [{ op: 'scale', by: alpha } as const]), ...use.post]
  if (c && beta !== 1) throw new Error(`oneDNN: Gemm with beta ${beta}`)
  const name = transA ? 'weight gradient' : 'product'
  dnn.matmul(transA ? transposed(left) : left, factor(use, 1, right, y), y, { bias: c && row(c), post, name })
}

/** The right factor of a product: packed where it is a weight, else as it is, in the factors' type. */
function factor(use: Use, input: number, b: View, y: View) {
  const packed = use.weight(input, b, y.type)
  if (packed) return packed
  const original = use.inputs[input]
  const converted = use.as(original, use.factors)
  return converted === original ? b : reshaped(converted, b.dims, [...b.strides])
}

function batchedProduct(use: Use): void {
  const { attributes, factors, inputs, outputs, dnn } = use
  const { transA, transB, alpha } = attributes as Record<string, number>
  const [a, b] = inputs.map((x) => use.as(x, factors))
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
