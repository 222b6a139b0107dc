import { input, type Tensor } from '../graph/tensor.ts'
import type { Dropout } from '../nn/dropout.ts'
import { packedAttention } from '../ops/attention.ts'
import type { Layout } from '../ops/gather.ts'

/**
 * The layout of the `parts` of each token. `places` [rows, parts, length] contains token * parts + part; `tokens`
 * [tokens, parts] is its inverse.
 */
export const layoutInputs = (name: string, parts: number): Layout => ({
  places: input(`${name}.places`, ['rows', parts, 'length'], 'int32'),
  tokens: input(`${name}.tokens`, ['tokens', parts], 'int32'),
})

/** Attention over packed tokens. Queries, keys, values and the result are [tokens, hidden_size]. */
export type SelfAttention = (
  query: Tensor,
  key: Tensor,
  value: Tensor,
  probability: number,
  /** Added to the scores [rows, heads, length, length] in place of `attentionBias`. */
  bias?: Tensor,
) => Tensor

/** Returns the tensor that is added to the scores of each key: 0, or UNSEEN (see pack.ts) for padding. */
export const attentionBias = (): Tensor => input('attention_bias', ['rows', 1, 1, 'length'])

/** Self-attention within each window. The windows of a pass are packed as consecutive rows [tokens, hidden_size]. */
export function selfAttention(heads: number, dropout: Dropout, seen = attentionBias()): SelfAttention {
  const layout = layoutInputs('heads', heads)
  return (query, key, value, probability, bias = seen) => {
    const mask = dropout.mask(['rows', heads, 'length', 'length'], probability)
    return packedAttention(query, key, value, { heads, layout, bias, mask })
  }
}
