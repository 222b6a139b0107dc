/**
 * DistilBERT (Sanh et al. 2019), equivalent to DistilBertModel in transformers. Computes only real tokens. It has no
 * token types.
 */
import { z } from 'zod'
import { input, type Tensor } from '../graph/tensor.ts'
import { type ActivationName, activations } from '../nn/activation.ts'
import type { Dropout } from '../nn/dropout.ts'
import { embedding, layerNorm, linear } from '../nn/layers.ts'
import type { Parameters } from '../nn/parameters.ts'
import { add } from '../ops/elementwise.ts'
import { type Architecture, applyLayers, type LayerRange, type ModelConfig } from './architecture.ts'
import { qaOutputs } from './bert-like.ts'
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

/** The configuration of a DistilBERT model, with the field names of Hugging Face's config.json. */
export interface DistilBertConfig extends ModelConfig {
  readonly model_type: 'distilbert'
  readonly vocab_size: number
  /** The hidden size. */
  readonly dim: number
  readonly n_layers: number
  readonly n_heads: number
  /** Width of the feed-forward layers. */
  readonly hidden_dim: number
  readonly activation: ActivationName
  readonly dropout: number
  readonly attention_dropout: number
  /** Dropout probability before the question-answering head. */
  readonly qa_dropout: number
  /** Maximum sequence length in tokens. */
  readonly max_position_embeddings: number
  /** Standard deviation of newly initialized weights. */
  readonly initializer_range: number
  /** Index of the word embedding that is not trained. -1 is the last one; null means that all are trained. */
  readonly pad_token_id: number | null
}

/** Hard-coded in transformers rather than part of the configuration. */
const LAYER_NORM_EPS = 1e-12

const reader = configReader({
  model_type: 'distilbert',
  traits: {
    sinusoidal_pos_embds: z.literal(false, 'false, which means learned positions').default(false),
    pruned_heads: unpruned,
  },
  // The defaults are those of DistilBertConfig in transformers 4.57.
  fields: {
    vocab_size: integerBetween(1, 10_000_000).default(30522),
    dim: integerBetween(1, 65536).default(768),
    n_layers: integerBetween(1, 1000).default(6),
    n_heads: integerBetween(1, 4096).default(12),
    hidden_dim: integerBetween(1, 1_000_000).default(3072),
    activation: activation().default('gelu'),
    dropout: probability().default(0.1),
    attention_dropout: probability().default(0.1),
    qa_dropout: probability().default(0.1),
    max_position_embeddings: integerBetween(1, 1_000_000).default(512),
    initializer_range: numberBetween(0, 100).default(0.02),
    pad_token_id: paddingId().default(0),
  },
  aliases: { hidden_size: 'dim', num_hidden_layers: 'n_layers', num_attention_heads: 'n_heads' },
  readable: 'DistilBERT model, with learned positions',
})

export const distilbert: Architecture<DistilBertConfig> = {
  model_type: 'distilbert',
  class_name: 'DistilBertForQuestionAnswering',
  class_prefix: 'DistilBert',
  field_names: reader.names,
  checkpoint: { prefix: 'distilbert.', constants: ['embeddings.position_ids'] },
  parseConfig(json, source) {
    const config: DistilBertConfig = reader.read(json, source)
    checkSizes(this.geometry(config), config, { heads: 'n_heads', hidden_size: 'dim' }, source)
    return config
  },
  savedFields: () => ({ sinusoidal_pos_embds: false }),
  geometry: (config) => ({
    layers: config.n_layers,
    heads: config.n_heads,
    hidden_size: config.dim,
    intermediate_size: config.hidden_dim,
    activation: config.activation,
    vocab_size: config.vocab_size,
    max_positions: config.max_position_embeddings,
    token_types: 0,
    padding_row: paddingRow(config.pad_token_id, config.vocab_size),
    initializer_range: config.initializer_range,
  }),
  resized: (config, { layers, vocab_size }) => ({ ...config, n_layers: layers, vocab_size }),
  encoder: distilbertEncoder,
  head: (p, config, hidden, dropout) => qaOutputs(p, config, dropout(hidden, config.qa_dropout)),
}

function distilbertEncoder(p: Parameters, c: DistilBertConfig, dropout: Dropout, range: LayerRange): Tensor {
  const attend = selfAttention(c.n_heads, dropout)
  const x = range.from === 0 ? embeddings(p.embeddings('embeddings'), c, dropout) : input('hidden', ['tokens', c.dim])
  return applyLayers(x, range, (x, i) => layer(p.layer(`transformer.layer.${i}`, i), c, x, attend, dropout))
}

function embeddings(p: Parameters, c: DistilBertConfig, dropout: Dropout): Tensor {
  const lookUp = (table: string, ids: string, size: number, padding_idx?: number) =>
    embedding(p.at(table), input(ids, ['tokens'], 'int32'), { size, width: c.dim, padding_idx })
  const words = lookUp('word_embeddings', 'input_ids', c.vocab_size, paddingRow(c.pad_token_id, c.vocab_size))
  const positions = lookUp('position_embeddings', 'position_ids', c.max_position_embeddings)
  return dropout(layerNorm(p.at('LayerNorm'), add(words, positions), LAYER_NORM_EPS), c.dropout)
}

/** Unlike BERT, there is no dropout between the attention and the residual sum. */
function layer(p: Parameters, c: DistilBertConfig, x: Tensor, attend: SelfAttention, dropout: Dropout): Tensor {
  const project = (name: string) => linear(p.at(`attention.${name}`), x, c.dim)
  const attended = attend(project('q_lin'), project('k_lin'), project('v_lin'), c.attention_dropout)
  const y = linear(p.at('attention.out_lin'), attended, c.dim)
  const h = layerNorm(p.at('sa_layer_norm'), add(y, x), LAYER_NORM_EPS)

  const inner = activations[c.activation](linear(p.at('ffn.lin1'), h, c.hidden_dim))
  const outer = linear(p.at('ffn.lin2'), inner, c.dim)
  return layerNorm(p.at('output_layer_norm'), dropout.add(outer, c.dropout, h), LAYER_NORM_EPS)
}
