import { input, type Tensor } from '../graph/tensor.ts'
import { attention } from '../nn/attention.ts'
import type { Dropout } from '../nn/dropout.ts'
import { permuteRows } from '../ops/gather.ts'
import { reshape } from '../ops/movement.ts'
import type { Geometry } from './architecture.ts'

/** Two ways to lay out the same tokens. `places` [R, parts, L]: token * parts + part; `tokens` [T, parts]: its inverse. */
export interface Layout {
  readonly places: Tensor
  readonly tokens: Tensor
}

export const layoutInputs = (name: string, parts: number): Layout => ({
  places: input(`${name}.places`, ['rows', parts, 'length'], 'int32'),
  tokens: input(`${name}.tokens`, ['tokens', parts], 'int32'),
})

/** Attention over packed tokens: queries, keys and values [tokens, hidden_size] to [tokens, hidden_size]. */
export type SelfAttention = (query: Tensor, key: Tensor, value: Tensor, probability: number) => Tensor

/**
 * Attention of every window to itself. The windows of a pass lie one after the other in packed rows `[T, H]`; only here
 * are they seen as `[R, A, L, size]`, by an index that says where each place's token is, and its inverse.
 * T tokens, H hidden size, R rows, A heads, L length.
 */
export function selfAttention({ heads, hidden_size }: Geometry, dropout: Dropout): SelfAttention {
  const { places, tokens } = layoutInputs('heads', heads)
  const bias = input('attention_bias', ['rows', 1, 1, 'length']) // 0, or UNSEEN (pack.ts) at padding
  const split = (x: Tensor) => permuteRows(reshape(x, ['tokens', heads, hidden_size / heads]), places, tokens)
  return (query, key, value, probability) => {
    const out = attention(split(query), split(key), split(value), bias, dropout, probability) // [R, A, L, size]
    return reshape(permuteRows(out, tokens, places), ['tokens', hidden_size])
  }
}
