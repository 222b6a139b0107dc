/** BERT (Devlin et al. 2018), as transformers' BertModel without its pooler, on real tokens only. */
import { z } from 'zod'
import { input, type Tensor } from '../graph/tensor.ts'
import { type ActivationName, activations } from '../nn/activation.ts'
import type { Dropout } from '../nn/dropout.ts'
import { embedding, layerNorm, linear } from '../nn/layers.ts'
import type { Parameters } from '../nn/parameters.ts'
import { add } from '../ops/elementwise.ts'
import type { Architecture, LayerRange, ModelConfig } from './architecture.ts'
import {
  activation,
  checkSizes,
  configReader,
  integerBetween,
  numberBetween,
  paddingId,
  paddingRow,
  probability,
  unpruned,
} from './config.ts'
import { type SelfAttention, selfAttention } from './self-attention.ts'

/** The sizes and settings of a BERT: Hugging Face's config.json, with its names. */
export interface BertConfig extends ModelConfig {
  readonly model_type: 'bert'
  readonly vocab_size: number
  readonly hidden_size: number
  readonly num_hidden_layers: number
  readonly num_attention_heads: number
  /** Width of the feed-forward layer. */
  readonly intermediate_size: number
  readonly hidden_act: ActivationName
  readonly hidden_dropout_prob: number
  readonly attention_probs_dropout_prob: number
  /** The longest sequence, in tokens. */
  readonly max_position_embeddings: number
  readonly type_vocab_size: number
  /** Standard deviation of new weights. */
  readonly initializer_range: number
  readonly layer_norm_eps: number
  /** The row of the word embeddings that does not learn: -1 is the last one, null none. */
  readonly pad_token_id: number | null
}

const reader = configReader({
  model_type: 'bert',
  traits: {
    position_embedding_type: z.literal('absolute', 'absolute').default('absolute'),
    is_decoder: z.literal(false, 'false: a decoder does not see the text after a word').nullable().default(false),
    pruned_heads: unpruned,
  },
  fixed: ['type_vocab_size'],
  // Defaults are those of transformers' BertConfig (4.57).
  fields: {
    vocab_size: integerBetween(1, 10_000_000).default(30522),
    hidden_size: integerBetween(1, 65536).default(768),
    num_hidden_layers: integerBetween(1, 1000).default(12),
    num_attention_heads: integerBetween(1, 4096).default(12),
    intermediate_size: integerBetween(1, 1_000_000).default(3072),
    hidden_act: activation().default('gelu'),
    hidden_dropout_prob: probability().default(0.1),
    attention_probs_dropout_prob: probability().default(0.1),
    max_position_embeddings: integerBetween(1, 1_000_000).default(512),
    // Question and context are told apart by types 0 and 1.
    type_vocab_size: integerBetween(2, 10_000).default(2),
    initializer_range: numberBetween(0, 100).default(0.02),
    layer_norm_eps: numberBetween(1e-30, 1).default(1e-12),
    pad_token_id: paddingId().default(0),
  },
  readable: 'BERT model: an encoder with absolute positions and two token types',
})

export const bert: Architecture<BertConfig> = {
  model_type: 'bert',
  class_name: 'BertForQuestionAnswering',
  class_prefix: 'Bert',
  field_names: reader.names,
  checkpoint: { prefix: 'bert.', constants: ['embeddings.position_ids', 'embeddings.token_type_ids'] },
  parseConfig(json, source) {
    const config: BertConfig = { model_type: 'bert', ...reader.read(json, source) }
    const names = { heads: 'num_attention_heads', hidden_size: 'hidden_size' }
    checkSizes(this.geometry(config), config, names, source)
    return config
  },
  savedFields: () => ({ position_embedding_type: 'absolute' }),
  geometry: (config) => ({
    layers: config.num_hidden_layers,
    heads: config.num_attention_heads,
    hidden_size: config.hidden_size,
    intermediate_size: config.intermediate_size,
    activation: config.hidden_act,
    vocab_size: config.vocab_size,
    max_positions: config.max_position_embeddings,
    token_types: config.type_vocab_size,
    padding_row: paddingRow(config.pad_token_id, config.vocab_size),
    initializer_range: config.initializer_range,
  }),
  resized: (config, { layers, vocab_size }) => ({ ...config, num_hidden_layers: layers, vocab_size }),
  headDropout: () => 0,
  encoder: bertEncoder,
}

function bertEncoder(p: Parameters, c: BertConfig, dropout: Dropout, { from, to }: LayerRange): Tensor {
  const attend = selfAttention(bert.geometry(c), dropout)
  let x = from === 0 ? embeddings(p.embeddings('embeddings'), c, dropout) : input('hidden', ['tokens', c.hidden_size])
  for (let i = from; i < to; i++) x = layer(p.layer(`encoder.layer.${i}`, i), c, x, attend, dropout)
  return x // [tokens, hidden_size]
}

/** position_ids count in each window. */
function embeddings(p: Parameters, c: BertConfig, dropout: Dropout): Tensor {
  const lookUp = (table: string, ids: string, size: number, padding_idx?: number) =>
    embedding(p.at(table), input(ids, ['tokens'], 'int32'), { size, width: c.hidden_size, padding_idx })
  const words = lookUp('word_embeddings', 'input_ids', c.vocab_size, paddingRow(c.pad_token_id, c.vocab_size))
  const positions = lookUp('position_embeddings', 'position_ids', c.max_position_embeddings)
  const types = lookUp('token_type_embeddings', 'token_type_ids', c.type_vocab_size)
  const x = layerNorm(p.at('LayerNorm'), add(add(words, types), positions), c.layer_norm_eps)
  return dropout(x, c.hidden_dropout_prob)
}

function layer(p: Parameters, c: BertConfig, x: Tensor, attend: SelfAttention, dropout: Dropout): Tensor {
  const addAndNorm = (p: Parameters, x: Tensor, y: Tensor) =>
    layerNorm(p.at('LayerNorm'), dropout.add(y, c.hidden_dropout_prob, x), c.layer_norm_eps)

  const project = (name: string) => linear(p.at(`attention.self.${name}`), x, c.hidden_size)
  const attended = attend(project('query'), project('key'), project('value'), c.attention_probs_dropout_prob)
  const h = addAndNorm(p.at('attention.output'), x, linear(p.at('attention.output.dense'), attended, c.hidden_size))

  const inner = activations[c.hidden_act](linear(p.at('intermediate.dense'), h, c.intermediate_size))
  return addAndNorm(p.at('output'), h, linear(p.at('output.dense'), inner, c.hidden_size))
}
