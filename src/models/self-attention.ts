import { input, type Tensor } from '../graph/tensor.ts'
import type { Dropout } from '../nn/dropout.ts'
import { packedAttention } from '../ops/attention.ts'
import type { Layout } from '../ops/gather.ts'

/** Where each token's `parts` are. `places` [rows, parts, length]: token * parts + part; `tokens` [tokens, parts]: its inverse. */
export const layoutInputs = (name: string, parts: number): Layout => ({
  places: input(`${name}.places`, ['rows', parts, 'length'], 'int32'),
  tokens: input(`${name}.tokens`, ['tokens', parts], 'int32'),
})

/** Attention over packed tokens: queries, keys and values [tokens, hidden_size] to [tokens, hidden_size]. */
export type SelfAttention = (query: Tensor, key: Tensor, value: Tensor, probability: number) => Tensor

/** Attention of every window to itself. The windows of a pass follow one another in packed rows [tokens, hidden_size]. */
export function selfAttention(heads: number, dropout: Dropout): SelfAttention {
  const layout = layoutInputs('heads', heads)
  const bias = input('attention_bias', ['rows', 1, 1, 'length']) // 0, or UNSEEN (pack.ts) at padding
  return (query, key, value, probability) => {
    const mask = dropout.mask(['rows', heads, 'length', 'length'], probability)
    return packedAttention(query, key, value, { heads, layout, bias, mask })
  }
}
