import { SpanforgeError } from '../errors.ts'
import { formatShape } from '../graph/shape.ts'
import { apply, applyAll, type Node, type Op, type Tensor } from '../graph/tensor.ts'
import { dropout, maskAgain } from './dropout.ts'
import { add, mul, neg, sub } from './elementwise.ts'
import { type Layout, permuteRows } from './gather.ts'
import { matmul } from './linalg.ts'
import { reshape } from './movement.ts'
import { sum } from './reduce.ts'
import { softmax } from './softmax.ts'
import { concat, split } from './split.ts'

const scale = (q: Tensor): number => 1 / Math.sqrt(q.shape.at(-1) as number)

/** Computes the attention weights before dropout, [rows, heads, length, length], and the weighted sums of values. */
function attend([q, k, v, bias, mask]: readonly Tensor[]) {
  const weights = softmax(add(matmul(q, k, { transB: true, alpha: scale(q) }), bias))
  return { weights, out: matmul(dropout(weights, mask), v) }
}

/**
 * With P the weights, M the dropout mask, and o the result (Dao et al. 2022, appendix B.2):
 *     dv = (P M)ᵀ do,   dP = M (do vᵀ),   dS = P (dP - D)
 * where D = sum_j P_j dP_j = do · o, which sums over `size` values instead of `length`. Hence
 *     dS = (P M)(do vᵀ) - P D,   dq = dS k / √size,   dk = dSᵀ q / √size.
 *
 * The weights are shared with the forward pass, because lowering removes duplicates. P M is computed again instead of
 * being kept.
 */
const AttentionGradient: Op = {
  type: 'AttentionGradient',
  domain: 'spanforge',
  lower({ inputs: [dOut, ...operands] }) {
    const [q, k, v, , mask] = operands
    const { weights, out } = attend(operands)
    const kept = dropout(weights, mask && maskAgain(mask))
    const d = sum(mul(dOut, out), [-1]) // [rows, heads, length, 1]
    const dScores = sub(mul(kept, matmul(dOut, v, { transB: true })), mul(weights, d))
    const alpha = scale(q)
    return [
      matmul(dScores, k, { alpha }),
      matmul(dScores, q, { transA: true, alpha }),
      matmul(kept, dOut, { transA: true }),
    ]
  },
}

const Attention: Op = {
  type: 'Attention',
  domain: 'spanforge',
  lower: ({ inputs }) => [attend(inputs).out],
  gradient: (dOut, { inputs: [q, k, v, ...rest] }) => [
    ...applyAll(AttentionGradient, [dOut, q, k, v, ...rest], [q, k, v]),
    ...rest.map(() => null),
  ],
}

/**
 * Computes softmax(q kᵀ / √size + bias) v (Vaswani et al. 2017), with dropout on the attention weights if a mask is
 * given.
 *
 * q, k, v: [rows, heads, length, size]; bias: [rows, 1, 1, length], 0, or a large negative number where a key is
 * padding; mask: [rows, heads, length, length]. No gradient flows to bias and mask.
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, bias: Tensor, mask?: Tensor): Tensor {
  if (q.shape.length !== 4 || [k, v].some(({ shape }) => formatShape(shape) !== formatShape(q.shape)))
    throw new SpanforgeError(`Attention: ${q}, ${k} and ${v} must all have shape [rows, heads, length, size]`)
  return apply(Attention, [q, k, v, bias, ...(mask ? [mask] : [])], q)
}

type HeadsAttribute = { readonly heads: number }

/**
 * Returns the conversions of PackedAttention: `split` turns tokens [T, hidden] into [rows, heads, length, size], and
 * `join` is its inverse.
 */
function layouts({ attributes, inputs }: Node, layout: Layout) {
  const { heads } = attributes as HeadsAttribute
  const [tokens, hidden] = inputs[0].shape
  const { places, tokens: inverse } = layout
  const split = (x: Tensor) => permuteRows(reshape(x, [tokens, heads, (hidden as number) / heads]), places, inverse)
  const join = (x: Tensor) => reshape(permuteRows(x, inverse, places), [tokens, hidden])
  return { split, join }
}

const PackedAttentionGradient: Op = {
  type: 'PackedAttentionGradient',
  domain: 'spanforge',
  lower(node) {
    const [dOut, q, k, v, places, tokens, bias, ...mask] = node.inputs
    const { split, join } = layouts(node, { places, tokens })
    const [sq, sk, sv, d] = [q, k, v, dOut].map(split)
    return applyAll(AttentionGradient, [d, sq, sk, sv, bias, ...mask], [sq, sk, sv]).map(join)
  },
}

const PackedAttention: Op = {
  type: 'PackedAttention',
  domain: 'spanforge',
  lower(node) {
    const [q, k, v, places, tokens, bias, mask] = node.inputs
    const { split, join } = layouts(node, { places, tokens })
    return [join(attention(split(q), split(k), split(v), bias, mask))]
  },
  gradient: (dOut, { inputs: [q, k, v, ...rest], attributes }) => [
    ...applyAll(PackedAttentionGradient, [dOut, q, k, v, ...rest], [q, k, v], attributes),
    ...rest.map(() => null),
  ],
}

export interface PackedAttentionOptions {
  readonly heads: number
  /** Maps places in the padded rows to tokens, and tokens to places. */
  readonly layout: Layout
  readonly bias: Tensor
  readonly mask?: Tensor
}

/**
 * Applies `attention` to windows whose tokens are packed without padding: q, k, v [tokens, hidden] -> [tokens, hidden].
 * An engine may choose its own memory layout; by default the tokens are padded to [rows, heads, length, size] and
 * packed again.
 */
export function packedAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  { heads, layout: { places, tokens }, bias, mask }: PackedAttentionOptions,
): Tensor {
  const wrong = q.shape.length !== 2 || (q.shape[1] as number) % heads !== 0
  if (wrong || [k, v].some(({ shape }) => formatShape(shape) !== formatShape(q.shape)))
    throw new SpanforgeError(`PackedAttention: ${q}, ${k} and ${v} must all have shape [tokens, ${heads} heads * size]`)
  return apply(PackedAttention, [q, k, v, places, tokens, bias, ...(mask ? [mask] : [])], q, { heads })
}

const Rotary: Op = {
  type: 'Rotary',
  domain: 'spanforge',
  // Element i of the first half and element i of the second are the coordinates of a point, turned by angle i:
  //   (a, b) -> (a cos - b sin, b cos + a sin)
  lower({ inputs: [x, cos, sin] }) {
    const half = (x.shape.at(-1) as number) / 2
    const [a, b] = split(x, [half, half])
    return [concat([sub(mul(a, cos), mul(b, sin)), add(mul(b, cos), mul(a, sin))])]
  },
  // The transpose of a rotation is the rotation back.
  gradient: (dy, { inputs: [, cos, sin] }) => [rotary(dy, cos, neg(sin)), null, null],
}

/**
 * Rotary position embedding (Su et al. 2021) of x [..., size] by angles whose cosines and sines [..., size / 2] are given.
 * No gradient flows to the angles.
 */
export function rotary(x: Tensor, cos: Tensor, sin: Tensor): Tensor {
  const size = x.shape.at(-1)
  if ([cos, sin].some((angles) => size !== 2 * (angles.shape.at(-1) as number)))
    throw new SpanforgeError(`Rotary: ${cos} and ${sin} are not the angles of half of ${x}`)
  return apply(Rotary, [x, cos, sin], x)
}
