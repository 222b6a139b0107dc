/** ALBERT (Lan et al. 2020): layers in groups whose members share their weights, and narrow embeddings that are projected. */
import { input, type Tensor } from '../graph/tensor.ts'
import { activations } from '../nn/activation.ts'
import type { Dropout } from '../nn/dropout.ts'
import { layerNorm, linear } from '../nn/layers.ts'
import type { Parameters } from '../nn/parameters.ts'
import { add } from '../ops/elementwise.ts'
import { type Architecture, applyLayers, type LayerRange } from './architecture.ts'
import {
  BERT_LIKE_NAMES,
  type BertLikeConfig,
  bertLikeFields,
  bertLikeGeometry,
  bertLikeSavedFields,
  bertLikeTraits,
  qaOutputs,
  resizedBertLike,
  sumOfEmbeddings,
} from './bert-like.ts'
import { checkSizes, configReader, integerBetween, rejectConfig } from './config.ts'
import { type SelfAttention, selfAttention } from './self-attention.ts'

/** The configuration of an ALBERT model, with the field names of Hugging Face's config.json. */
export interface AlbertConfig extends BertLikeConfig {
  readonly model_type: 'albert'
  /** Width of the embeddings. */
  readonly embedding_size: number
  /** Number of groups. The layers of a group are one layer, applied several times. */
  readonly num_hidden_groups: number
  /** Number of different layers that make up one layer. */
  readonly inner_group_num: number
}

const reader = configReader({
  model_type: 'albert',
  traits: bertLikeTraits,
  fixed: ['type_vocab_size'],
  // Defaults are those of transformers' AlbertConfig (4.57).
  fields: {
    ...bertLikeFields,
    vocab_size: bertLikeFields.vocab_size.default(30000),
    embedding_size: integerBetween(1, 65536).default(128),
    hidden_size: bertLikeFields.hidden_size.default(4096),
    num_hidden_groups: integerBetween(1, 1000).default(1),
    inner_group_num: integerBetween(1, 100).default(1),
    num_attention_heads: bertLikeFields.num_attention_heads.default(64),
    intermediate_size: bertLikeFields.intermediate_size.default(16384),
    hidden_act: bertLikeFields.hidden_act.default('gelu_new'),
    hidden_dropout_prob: bertLikeFields.hidden_dropout_prob.default(0),
    attention_probs_dropout_prob: bertLikeFields.attention_probs_dropout_prob.default(0),
  },
  readable: 'ALBERT model: an encoder with absolute positions and two token types',
})

export const albert: Architecture<AlbertConfig> = {
  model_type: 'albert',
  class_name: 'AlbertForQuestionAnswering',
  class_prefix: 'Albert',
  field_names: reader.names,
  checkpoint: { prefix: 'albert.', constants: ['embeddings.position_ids', 'embeddings.token_type_ids'] },
  parseConfig(json, source) {
    const config: AlbertConfig = reader.read(json, source)
    const { num_hidden_groups, num_hidden_layers, inner_group_num } = config
    if (num_hidden_groups > num_hidden_layers)
      rejectConfig(source, [
        `num_hidden_groups: found ${num_hidden_groups}, expected at most num_hidden_layers, ${num_hidden_layers}`,
      ])
    const applied = Math.floor(num_hidden_layers / num_hidden_groups)
    if (inner_group_num > applied)
      rejectConfig(source, [
        `inner_group_num: found ${inner_group_num}, expected at most ${applied}, the layers of a group, as in transformers`,
      ])
    checkSizes(this.geometry(config), config, BERT_LIKE_NAMES, source)
    return config
  },
  savedFields: bertLikeSavedFields,
  geometry: bertLikeGeometry,
  resized: (config, sizes) => ({
    ...resizedBertLike(config, sizes),
    num_hidden_groups: Math.min(config.num_hidden_groups, sizes.layers),
  }),
  encoder,
  head: qaOutputs,
}

function encoder(p: Parameters, c: AlbertConfig, dropout: Dropout, range: LayerRange): Tensor {
  const attend = selfAttention(c.num_attention_heads, dropout)
  const x = range.from === 0 ? embeddings(p, c, dropout) : input('hidden', ['tokens', c.hidden_size])
  const groups = Array.from({ length: c.num_hidden_layers }, (_, i) =>
    Math.floor(i / (c.num_hidden_layers / c.num_hidden_groups)),
  )
  const inner = Array.from({ length: c.inner_group_num }, (_, i) => i)
  return applyLayers(x, range, (x, i) => {
    const name = `encoder.albert_layer_groups.${groups[i]}.albert_layers`
    const at = (inner: number) => p.layer(`${name}.${inner}`, groups.lastIndexOf(groups[i])).shared()
    return inner.reduce((x, inner) => layer(at(inner), c, x, attend, dropout), x)
  })
}

function embeddings(p: Parameters, c: AlbertConfig, dropout: Dropout): Tensor {
  const narrow = sumOfEmbeddings(p.embeddings('embeddings'), c, dropout, { width: c.embedding_size })
  return linear(p.embeddings('encoder.embedding_hidden_mapping_in'), narrow, c.hidden_size)
}

/** Unlike BERT, it drops nothing between the feed-forward layer and the residual sum. */
function layer(p: Parameters, c: AlbertConfig, x: Tensor, attend: SelfAttention, dropout: Dropout): Tensor {
  const project = (name: string) => linear(p.at(`attention.${name}`), x, c.hidden_size)
  const attended = attend(project('query'), project('key'), project('value'), c.attention_probs_dropout_prob)
  const y = dropout.add(linear(p.at('attention.dense'), attended, c.hidden_size), c.hidden_dropout_prob, x)
  const h = layerNorm(p.at('attention.LayerNorm'), y, c.layer_norm_eps)

  const inner = activations[c.hidden_act](linear(p.at('ffn'), h, c.intermediate_size))
  const outer = linear(p.at('ffn_output'), inner, c.hidden_size)
  return layerNorm(p.at('full_layer_layer_norm'), add(outer, h), c.layer_norm_eps)
}
