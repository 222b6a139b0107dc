/** Code shared by BERT and similar architectures: configuration fields, sums of embeddings, and post-norm layers. */
import { z } from 'zod'
import { input, type Tensor } from '../graph/tensor.ts'
import { type ActivationName, activations } from '../nn/activation.ts'
import type { Dropout } from '../nn/dropout.ts'
import { embedding, layerNorm, linear } from '../nn/layers.ts'
import type { Parameters } from '../nn/parameters.ts'
import { add } from '../ops/elementwise.ts'
import { type Architecture, applyLayers, type Geometry, type LayerRange, type ModelConfig } from './architecture.ts'
import {
  activation,
  type ConfigReader,
  checkSizes,
  integerBetween,
  numberBetween,
  paddingId,
  paddingRow,
  probability,
  unpruned,
} from './config.ts'
import { type SelfAttention, selfAttention } from './self-attention.ts'

/** Configuration fields with the names in BERT's config.json. */
export interface BertLikeConfig extends ModelConfig {
  readonly vocab_size: number
  readonly hidden_size: number
  readonly num_hidden_layers: number
  readonly num_attention_heads: number
  /** Width of the feed-forward layers. */
  readonly intermediate_size: number
  readonly hidden_act: ActivationName
  readonly hidden_dropout_prob: number
  readonly attention_probs_dropout_prob: number
  /** Number of position embeddings. If positions start at row 0, this is also the maximum sequence length in tokens. */
  readonly max_position_embeddings: number
  readonly type_vocab_size: number
  /** Standard deviation of newly initialized weights. */
  readonly initializer_range: number
  readonly layer_norm_eps: number
  /** Index of the word embedding that is not trained. -1 is the last one; null means that all are trained. */
  readonly pad_token_id: number | null
}

export const bertLikeTraits = {
  position_embedding_type: z.literal('absolute', 'absolute').default('absolute'),
  is_decoder: z.literal(false, 'false, because a decoder cannot see the text after a word').nullable().default(false),
  pruned_heads: unpruned,
}

/** Fields with the defaults of BertConfig in transformers 4.57. An architecture overrides the fields that differ. */
export const bertLikeFields = {
  vocab_size: integerBetween(1, 10_000_000).default(30522),
  hidden_size: integerBetween(1, 65536).default(768),
  num_hidden_layers: integerBetween(1, 1000).default(12),
  num_attention_heads: integerBetween(1, 4096).default(12),
  intermediate_size: integerBetween(1, 1_000_000).default(3072),
  hidden_act: activation().default('gelu'),
  hidden_dropout_prob: probability().default(0.1),
  attention_probs_dropout_prob: probability().default(0.1),
  max_position_embeddings: integerBetween(1, 1_000_000).default(512),
  // Types 0 and 1 distinguish the question from the context.
  type_vocab_size: integerBetween(2, 10_000).default(2),
  initializer_range: numberBetween(0, 100).default(0.02),
  layer_norm_eps: numberBetween(1e-30, 1).default(1e-12),
  pad_token_id: paddingId().default(0),
}

/** Additional fields to write to a saved config.json. */
export const bertLikeSavedFields = () => ({ position_embedding_type: 'absolute' })

/** Names of the fields that `checkSizes` checks jointly. */
export const BERT_LIKE_NAMES = { heads: 'num_attention_heads', hidden_size: 'hidden_size' }

export const bertLikeGeometry = (config: BertLikeConfig): Geometry => ({
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
})

/** The properties in which an architecture with BERT's layers may differ from the others. */
export interface BertLike<Config extends BertLikeConfig> {
  readonly class_prefix: string
  /** Prefix of the encoder's tensors in a checkpoint. */
  readonly prefix: string
  readonly reader: ConfigReader<Config>
  readonly geometry?: (config: Config) => Geometry
  /** Computes the state before the first layer, [tokens, hidden_size]. */
  embedded(p: Parameters, config: Config, dropout: Dropout): Tensor
}

/** Creates an architecture with BERT's layers and head. */
export function bertLike<Config extends BertLikeConfig>({
  class_prefix,
  prefix,
  reader,
  geometry = bertLikeGeometry,
  embedded,
}: BertLike<Config>): Architecture<Config> {
  return {
    model_type: reader.model_type,
    class_name: `${class_prefix}ForQuestionAnswering`,
    class_prefix,
    field_names: reader.names,
    checkpoint: { prefix, constants: ['embeddings.position_ids', 'embeddings.token_type_ids'] },
    parseConfig(json, source) {
      const config = reader.read(json, source)
      checkSizes(geometry(config), config, BERT_LIKE_NAMES, source)
      return config
    },
    savedFields: bertLikeSavedFields,
    geometry,
    resized: resizedBertLike,
    encoder: (p, config, dropout, range) =>
      bertLikeEncoder(p, config, dropout, range, () => embedded(p, config, dropout)),
    head: qaOutputs,
  }
}

/** Returns the configuration with different sizes. */
export const resizedBertLike = <Config extends BertLikeConfig>(
  config: Config,
  { layers, vocab_size }: Pick<Geometry, 'layers' | 'vocab_size'>,
): Config => ({ ...config, num_hidden_layers: layers, vocab_size })

interface SumOptions {
  /** Width of the embeddings (default: hidden_size). */
  readonly width?: number
  /** Index of the position embedding that is not trained. */
  readonly position_padding?: number
}

/** Returns the normalized sum of word, token type and position embeddings [tokens, width]. */
export function sumOfEmbeddings(
  p: Parameters,
  c: BertLikeConfig,
  dropout: Dropout,
  { width = c.hidden_size, position_padding }: SumOptions = {},
): Tensor {
  const lookUp = (table: string, ids: string, size: number, padding_idx?: number) =>
    embedding(p.at(table), input(ids, ['tokens'], 'int32'), { size, width, padding_idx })
  const words = lookUp('word_embeddings', 'input_ids', c.vocab_size, paddingRow(c.pad_token_id, c.vocab_size))
  const positions = lookUp('position_embeddings', 'position_ids', c.max_position_embeddings, position_padding)
  const types = lookUp('token_type_embeddings', 'token_type_ids', c.type_vocab_size)
  const x = layerNorm(p.at('LayerNorm'), add(add(words, types), positions), c.layer_norm_eps)
  return dropout(x, c.hidden_dropout_prob)
}

/**
 * Returns the hidden state [tokens, hidden_size] after a range of BERT layers. `embedded` computes the state before the
 * first layer, and is not called if the range starts later.
 */
export function bertLikeEncoder(
  p: Parameters,
  c: BertLikeConfig,
  dropout: Dropout,
  range: LayerRange,
  embedded: () => Tensor,
): Tensor {
  const attend = selfAttention(c.num_attention_heads, dropout)
  const x = range.from === 0 ? embedded() : input('hidden', ['tokens', c.hidden_size])
  return applyLayers(x, range, (x, i) => layer(p.layer(`encoder.layer.${i}`, i), c, x, attend, dropout))
}

function layer(p: Parameters, c: BertLikeConfig, x: Tensor, attend: SelfAttention, dropout: Dropout): Tensor {
  const addAndNorm = (p: Parameters, x: Tensor, y: Tensor) =>
    layerNorm(p.at('LayerNorm'), dropout.add(y, c.hidden_dropout_prob, x), c.layer_norm_eps)

  const project = (name: string) => linear(p.at(`attention.self.${name}`), x, c.hidden_size)
  const attended = attend(project('query'), project('key'), project('value'), c.attention_probs_dropout_prob)
  const h = addAndNorm(p.at('attention.output'), x, linear(p.at('attention.output.dense'), attended, c.hidden_size))

  const inner = activations[c.hidden_act](linear(p.at('intermediate.dense'), h, c.intermediate_size))
  return addAndNorm(p.at('output'), h, linear(p.at('output.dense'), inner, c.hidden_size))
}

/** Question-answering head of most architectures: computes start and end logits [tokens, 2] from [tokens, hidden_size]. */
export const qaOutputs = (p: Parameters, _config: unknown, hidden: Tensor): Tensor =>
  linear(p.at('qa_outputs'), hidden, 2)
