import { SpanforgeError } from '../errors.ts'
import { broadcast, formatShape, product, type Shape } from '../graph/shape.ts'
import { apply, Float, type Op, type Tensor } from '../graph/tensor.ts'
import { add, mul } from './elementwise.ts'
import { reshape, transpose } from './movement.ts'
import { sum } from './reduce.ts'

export interface ProductOptions {
  /** Whether to transpose the last two axes of a. */
  readonly transA?: boolean
  readonly transB?: boolean
  /** Factor of the product. */
  readonly alpha?: number
}

const turned = (shape: Shape, transpose: boolean | undefined): Shape =>
  transpose ? [...shape.slice(0, -2), ...shape.slice(-2).reverse()] : shape

function productShape(op: string, a: Tensor, b: Tensor, { transA, transB }: ProductOptions): Shape {
  const [left, right] = [turned(a.shape, transA), turned(b.shape, transB)]
  if (left.length < 2 || right.length < 2 || left.at(-1) !== right.at(-2))
    throw new SpanforgeError(
      `${op}: inner sizes differ: ${formatShape(left)} x ${formatShape(right)}: axis ${left.length - 1} is ` +
        `${left.at(-1)}, axis ${right.length - 2} is ${right.at(-2)}`,
    )
  return [...broadcast(op, left.slice(0, -2), right.slice(0, -2)), left.at(-2)!, right.at(-1)!]
}

const encode = ({ transA, transB, alpha = 1 }: ProductOptions) => ({
  transA: Number(transA ?? false),
  transB: Number(transB ?? false),
  alpha: new Float(alpha),
})

const decode = ({ transA, transB, alpha }: Readonly<Record<string, unknown>>): Required<ProductOptions> => ({
  transA: transA === 1,
  transB: transB === 1,
  alpha: (alpha as Float).value,
})

type Multiply = (a: Tensor, b: Tensor, options: ProductOptions) => Tensor

/**
 * Gradients of y = alpha A B, where A = a or aᵀ and B = b or bᵀ: dA = alpha dy Bᵀ and dB = alpha Aᵀ dy. If a is
 * transposed, da is the transpose of dA: alpha B dyᵀ.
 */
function productGradient(multiply: Multiply, dy: Tensor, a: Tensor, b: Tensor, options: Required<ProductOptions>) {
  const { transA, transB, alpha } = options
  const da = transA
    ? multiply(b, dy, { transA: transB, transB: true, alpha })
    : multiply(dy, b, { transB: !transB, alpha })
  const db = transB
    ? multiply(dy, a, { transA: true, transB: transA, alpha })
    : multiply(a, dy, { transA: !transA, alpha })
  return [da, db] as const
}

/** MatMul of ONNX, which supports neither transposition nor a factor. */
const PlainMatMul: Op = { type: 'MatMul' }

const swapped = (x: Tensor): Tensor => {
  const axes = x.shape.map((_, i) => i)
  return transpose(x, [...axes.slice(0, -2), ...axes.slice(-2).reverse()])
}

const MatMul: Op = {
  type: 'MatMul',
  domain: 'spanforge',
  lower({ inputs: [a, b], attributes, outputs: [y] }) {
    const { transA, transB, alpha } = decode(attributes)
    const product = apply(PlainMatMul, [transA ? swapped(a) : a, transB ? swapped(b) : b], y)
    return [alpha === 1 ? product : mul(product, alpha)]
  },
  gradient: (dy, { inputs: [a, b], attributes }) => productGradient(matmul, dy, a, b, decode(attributes)),
}

/** Batched matrix product: alpha [..., m, k] x [..., k, n] -> [..., m, n]. */
export function matmul(a: Tensor, b: Tensor, options: ProductOptions = {}): Tensor {
  const shape = productShape('MatMul', a, b, options)
  return apply(MatMul, [a, b], { shape, dtype: a.dtype }, encode(options))
}

/** The product of matrices that is float32 in every precision. It has no gradient. */
export function exactMatmul(a: Tensor, b: Tensor): Tensor {
  return apply(PlainMatMul, [a, b], { shape: productShape('MatMul', a, b, {}), dtype: a.dtype })
}

const Gemm: Op = {
  type: 'Gemm',
  gradient(dy, { inputs: [a, b, c], attributes }) {
    const products = productGradient(gemm, dy, a, b, decode(attributes))
    const beta = (attributes.beta as Float).value
    return c ? [...products, beta === 1 ? dy : mul(beta, sum(dy, [0]))] : products
  },
}

export interface GemmOptions extends ProductOptions {
  /** A row vector added to each row of the product. */
  readonly c?: Tensor
  /** Factor of c. */
  readonly beta?: number
}

/** Product of two matrices plus a row vector: alpha [m, k] x [k, n] + beta [n] -> [m, n]. */
export function gemm(a: Tensor, b: Tensor, { c, beta = 1, ...options }: GemmOptions = {}): Tensor {
  const shape = productShape('Gemm', a, b, options)
  if (shape.length !== 2) throw new SpanforgeError(`Gemm: expected two matrices, found ${a} and ${b}`)
  if (c && (c.shape.length !== 1 || c.shape[0] !== shape[1]))
    throw new SpanforgeError(`Gemm: the row vector ${c} does not match a product of shape ${formatShape(shape)}`)
  const attributes = { ...encode(options), beta: new Float(beta) }
  return apply(Gemm, c ? [a, b, c] : [a, b], { shape, dtype: a.dtype }, attributes)
}

const Linear: Op = {
  type: 'Linear',
  domain: 'spanforge',
  lower: ({ inputs: [x, weight, bias] }) => [
    x.shape.length === 2 ? gemm(x, weight, { transB: true, c: bias }) : add(matmul(x, weight, { transB: true }), bias),
  ],
  // dx = dy W,   dW = dyᵀ x,   db = dy, which `gradient` sums over the rows
  gradient(dy, { inputs: [x, weight] }) {
    const dx = x.shape.length === 2 ? gemm(dy, weight) : matmul(dy, weight)
    return [dx, gemm(asMatrix(dy), asMatrix(x), { transA: true }), dy]
  },
}

const asMatrix = (x: Tensor): Tensor => reshape(x, [product(x.shape.slice(0, -1)), x.shape.at(-1)!])

/** y = x Wᵀ + b for x [..., in], with W stored [out, in] as PyTorch does, and b [out]. */
export function linear(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  const shape = productShape('Linear', x, weight, { transB: true })
  if (weight.shape.length !== 2 || bias.shape.length !== 1 || bias.shape[0] !== weight.shape[0])
    throw new SpanforgeError(`Linear: ${weight} and ${bias} must be a matrix [out, in] and a vector [out]`)
  return apply(Linear, [x, weight, bias], { shape, dtype: x.dtype })
}
