import type { PackedWeight } from '../layouts.ts'
import { type ElementType, reshaped, size, transposed, type View, view } from '../memory.ts'
import type { FusedActivation, PostOp } from '../primitives.ts'
import { type KernelTable, type Use, writeAs } from './kernel.ts'

/** Reshapes an array to a matrix: all axes except the last become rows. */
const matrix = (x: View): View => reshaped(x, [size(x.dims) / x.dims.at(-1)!, x.dims.at(-1)!])
const row = (x: View): View => reshaped(x, [1, size(x.dims)])

/** Number of columns that a layer and its activation compute at a time. */
const BLOCK = 768

/** y = x Wᵀ + b. */
function linear(use: Use): void {
  const [x, w, b] = use.inputs
  const [y] = use.outputs
  const bias = row(b)
  const post = use.post.map((p) => ('with' in p ? { ...p, with: matrix(p.with) } : p))
  if (use.isExact) {
    const multiply = exactProduct(use, matrix(x))
    writeAs(use, 'f32', y, (to) => multiply(transposed(w), matrix(to), bias, post))
    return
  }
  const weight = factor(use, 1, transposed(w), use.factors, y)
  use.dnn.matmul(matrix(use.as(x, use.factors)), weight, matrix(y), { bias, post, name: 'linear' })
}

/**
 * Computes x Wᵀ + b, which it stores rounded for the gradient of the activation, and the activation of the value before
 * rounding. It does so in blocks of columns, because float32 results of all columns do not fit in the cache.
 */
function activatedLinear(use: Use): void {
  const { dnn, outputs, post } = use
  const [x, w, b] = use.inputs
  const { op, alpha } = post[0] as FusedActivation
  const multiply = exactProduct(use, matrix(x))
  const [width, inner] = w.dims
  const [rows] = matrix(x).dims
  const block = use.temporary('f32', [rows, Math.min(BLOCK, width)])
  for (let start = 0; start < width; start += BLOCK) {
    const columns = Math.min(BLOCK, width - start)
    const y = reshaped(block, [rows, columns])
    const [before, after] = outputs.map((to) => reshaped(to, [rows, columns], [width, 1], start))
    const bias = reshaped(b, [1, columns], [columns, 1], start)
    multiply(transposed(reshaped(w, [columns, inner], [inner, 1], start * inner)), y, bias, [])
    dnn.reorder(y, before, 'cast')
    dnn.eltwise(op, y, y, alpha)
    dnn.reorder(y, after, 'cast')
  }
}

type ExactProduct = (b: View, y: View, bias: View, post: readonly PostOp[]) => void

/**
 * Returns a function that computes y = post(x b + bias) without rounding the factors, for all of the step's second operand
 * or for a block of its columns. With AMX, both factors are split, and x only once.
 */
function exactProduct(use: Use, x: View): ExactProduct {
  let split: Split<View> | undefined
  return (b, y, bias, post) => {
    const weight = use.dnn.hasAmx ? splitWeight(use, 1, b) : undefined
    if (!weight) {
      use.dnn.matmul(x, factor(use, 1, b, 'f32', y), y, { bias, post, name: 'linear' })
      return
    }
    split ??= splitRows(use, x)
    addUpParts(use, split, weight, y, bias, post)
  }
}

/** A factor rounded to the type of factors, and the rounding error, which is rounded as well. */
interface Split<T> {
  readonly rounded: T
  readonly rest: T
}

function splitWeight(use: Use, input: number, b: View): Split<PackedWeight> | undefined {
  const rounded = use.weight(input, b, use.factors, 'f32')
  const rest = rounded && use.weight(input, b, use.factors, 'f32', 'rest')
  return rest && { rounded, rest }
}

function splitRows({ dnn, factors, as, temporary }: Use, x: View): Split<View> {
  const rounded = as(x, factors)
  const difference = temporary('f32', x.dims)
  dnn.binary('sub', x, rounded, difference)
  return { rounded, rest: as(difference, factors) }
}

/**
 * Adds up the products of split factors. With AMX, three products of such parts take much less time than one in
 * float32. The product of both rounding errors is negligible.
 */
function addUpParts(
  { dnn }: Use,
  x: Split<View>,
  weight: Split<PackedWeight>,
  y: View,
  bias: View,
  post: readonly PostOp[],
): void {
  const sum: PostOp = { op: 'add', with: y }
  dnn.matmul(x.rest, weight.rounded, y, { bias, name: 'linear' })
  dnn.matmul(x.rounded, weight.rest, y, { post: [sum], name: 'linear' })
  dnn.matmul(x.rounded, weight.rounded, y, { post: [sum, ...post], name: 'linear' })
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
  ActivatedLinear: activatedLinear,
  Gemm: gemm,
  'spanforge.MatMul': batchedProduct,
}
