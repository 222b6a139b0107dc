/**
 * BERT (Devlin et al. 2018), as transformers' BertModel without its pooler, on real tokens only.
 *
 * The windows of a pass lie one after the other in packed rows `[tokens, hidden]`. Only attention sees them as
 * `[rows, heads, length, size]`, by an index that says where each place's token lies, and its inverse.
 * In comments: T tokens, R rows, L length, H hidden, A heads.
 */
import { input, type Tensor } from '../graph/tensor.ts'
import { activations } from '../nn/activation.ts'
import { attention } from '../nn/attention.ts'
import type { Dropout } from '../nn/dropout.ts'
import { embedding, layerNorm, linear } from '../nn/layers.ts'
import type { Parameters } from '../nn/parameters.ts'
import { add } from '../ops/elementwise.ts'
import { permuteRows } from '../ops/gather.ts'
import { reshape } from '../ops/movement.ts'
import { type BertConfig, paddingRow } from './config.ts'

/** Two ways to lay out the same tokens. `places` [R, parts, L]: token * parts + part; `tokens` [T, parts]: its inverse. */
export interface Layout {
  readonly places: Tensor
  readonly tokens: Tensor
}

export const layoutInputs = (name: string, parts: number): Layout => ({
  places: input(`${name}.places`, ['rows', parts, 'length'], 'int32'),
  tokens: input(`${name}.tokens`, ['tokens', parts], 'int32'),
})

export interface LayerRange {
  /** 0 begins with the embeddings; above, the hidden state before layer `from` is the input `hidden`. */
  readonly from?: number
  readonly to?: number
}

/** The hidden state after layer `to`, [T, H]. Inputs are named as in transformers; position_ids count in each window. */
export function bert(
  p: Parameters,
  c: BertConfig,
  dropout: Dropout,
  { from = 0, to = c.num_hidden_layers }: LayerRange = {},
): Tensor {
  const heads = layoutInputs('heads', c.num_attention_heads)
  const attention_bias = input('attention_bias', ['rows', 1, 1, 'length']) // 0, or UNSEEN (pack.ts) where padding lies
  let x = from === 0 ? embeddings(p.at('embeddings'), c, dropout) : input('hidden', ['tokens', c.hidden_size])
  for (let i = from; i < to; i++) x = layer(p.at(`encoder.layer.${i}`), c, x, heads, attention_bias, dropout)
  return x
}

function embeddings(p: Parameters, c: BertConfig, dropout: Dropout): Tensor {
  const lookUp = (table: string, ids: string, size: number, padding_idx?: number) =>
    embedding(p.at(table), input(ids, ['tokens'], 'int32'), { size, width: c.hidden_size, padding_idx })
  const words = lookUp('word_embeddings', 'input_ids', c.vocab_size, paddingRow(c))
  const positions = lookUp('position_embeddings', 'position_ids', c.max_position_embeddings)
  const types = lookUp('token_type_embeddings', 'token_type_ids', c.type_vocab_size)
  const x = layerNorm(p.at('LayerNorm'), add(add(words, types), positions), c.layer_norm_eps)
  return dropout(x, c.hidden_dropout_prob) // [T, H]
}

function layer(p: Parameters, c: BertConfig, x: Tensor, heads: Layout, bias: Tensor, dropout: Dropout): Tensor {
  const addAndNorm = (p: Parameters, x: Tensor, y: Tensor) =>
    layerNorm(p.at('LayerNorm'), add(dropout(y, c.hidden_dropout_prob), x), c.layer_norm_eps)

  const attended = selfAttention(p.at('attention.self'), c, x, heads, bias, dropout)
  const h = addAndNorm(p.at('attention.output'), x, linear(p.at('attention.output.dense'), attended, c.hidden_size))

  const { scale, f } = activations[c.hidden_act]
  const inner = f(linear(p.at('intermediate.dense'), h, c.intermediate_size, { alpha: scale, beta: scale }))
  return addAndNorm(p.at('output'), h, linear(p.at('output.dense'), inner, c.hidden_size, { alpha: scale }))
}

function selfAttention(p: Parameters, c: BertConfig, x: Tensor, heads: Layout, bias: Tensor, dropout: Dropout): Tensor {
  const [A, size] = [c.num_attention_heads, c.hidden_size / c.num_attention_heads]
  const split = (name: string) => {
    const y = reshape(linear(p.at(name), x, c.hidden_size), ['tokens', A, size])
    return permuteRows(y, heads.places, heads.tokens) // [R, A, L, size]
  }
  const out = attention(split('query'), split('key'), split('value'), bias, dropout, c.attention_probs_dropout_prob)
  return reshape(permuteRows(out, heads.tokens, heads.places), ['tokens', c.hidden_size]) // [T, H]
}

/**
 * BertForQuestionAnswering: start and end logits of every place of every window, [R, 2, L].
 * What stands at padded places is no logit of anything. With `from`, only the layers from there on.
 */
export function bertForQuestionAnswering(p: Parameters, c: BertConfig, dropout: Dropout, from = 0): Tensor {
  const hidden = bert(p.at('bert'), c, dropout, { from })
  const { places, tokens } = layoutInputs('spans', 2)
  const logits = reshape(linear(p.at('qa_outputs'), hidden, 2), ['tokens', 2, 1]) // [T, 2, 1]
  return reshape(permuteRows(logits, places, tokens), ['rows', 2, 'length'])
}
