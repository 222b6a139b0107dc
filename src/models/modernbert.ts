/**
 * ModernBERT (Warner et al. 2024), as transformers' ModernBertModel, on real tokens only: rotary positions, gated
 * feed-forward layers, norms before the sublayers, and attention to nearby tokens only in most layers. It has no token types.
 */
import { z } from 'zod'
import { UNSEEN } from '../batching/pack.ts'
import { constant, input, type Tensor } from '../graph/tensor.ts'
import { type ActivationName, activations } from '../nn/activation.ts'
import type { Dropout } from '../nn/dropout.ts'
import { embedding, layerNorm, linear } from '../nn/layers.ts'
import type { Initialization, Parameters } from '../nn/parameters.ts'
import { rotary } from '../ops/attention.ts'
import { add, cast, cos, mul, neg, relu, sin, sub } from '../ops/elementwise.ts'
import { reshape } from '../ops/movement.ts'
import { split } from '../ops/split.ts'
import { showValue } from '../show-value.ts'
import { type Architecture, applyLayers, type LayerRange, type ModelConfig } from './architecture.ts'
import {
  activation,
  checkSizes,
  configReader,
  integerBetween,
  numberBetween,
  paddingId,
  paddingRow,
  probability,
  rejectConfig,
  unpruned,
} from './config.ts'
import { attentionBias, type SelfAttention, selfAttention } from './self-attention.ts'

/** The configuration of a ModernBERT model, with the field names of Hugging Face's config.json. */
export interface ModernBertConfig extends ModelConfig {
  readonly model_type: 'modernbert'
  readonly vocab_size: number
  readonly hidden_size: number
  /** Width of the feed-forward layer after its gate. */
  readonly intermediate_size: number
  readonly num_hidden_layers: number
  readonly num_attention_heads: number
  readonly hidden_activation: ActivationName
  /** The longest sequence, in tokens. */
  readonly max_position_embeddings: number
  /** Standard deviation of new weights. */
  readonly initializer_range: number
  /** New weights are at most this many standard deviations from 0; null means 3. */
  readonly initializer_cutoff_factor: number | null
  readonly norm_eps: number
  readonly norm_bias: boolean
  /** Index of the word embedding that is not trained. -1 is the last one; null means that all are trained. */
  readonly pad_token_id: number | null
  /** The base of the wavelengths of positions in layers that attend to the whole sequence. */
  readonly global_rope_theta: number
  /** The base of the wavelengths of positions in the other layers; null means global_rope_theta. */
  readonly local_rope_theta: number | null
  readonly attention_bias: boolean
  readonly attention_dropout: number
  /** One in this many layers attends to the whole sequence, starting with the first. */
  readonly global_attn_every_n_layers: number
  /** Twice the distance up to which the other layers attend. */
  readonly local_attention: number
  readonly embedding_dropout: number
  readonly mlp_bias: boolean
  readonly mlp_dropout: number
  readonly classifier_dropout: number
  readonly classifier_bias: boolean
  readonly classifier_activation: ActivationName
}

const flag = () => z.boolean('true or false')
const theta = () => numberBetween(1e-3, 1e30)
/** Accepts only the rotation that the two thetas describe. */
const plainRotation = z
  .custom(
    (value) => value === null || (value as { rope_type?: unknown }).rope_type === 'default',
    'null: unscaled positions',
  )
  .optional()

const reader = configReader({
  model_type: 'modernbert',
  traits: {
    rope_scaling: plainRotation,
    partial_rotary_factor: z.literal(1, '1: whole heads that rotate').optional(),
    pruned_heads: unpruned,
    head_dim: z.null('null: heads that share hidden_size evenly').optional(),
  },
  // Defaults are those of transformers' ModernBertConfig (4.57).
  fields: {
    vocab_size: integerBetween(1, 10_000_000).default(50368),
    hidden_size: integerBetween(1, 65536).default(768),
    intermediate_size: integerBetween(1, 1_000_000).default(1152),
    num_hidden_layers: integerBetween(1, 1000).default(22),
    num_attention_heads: integerBetween(1, 4096).default(12),
    hidden_activation: activation().default('gelu'),
    max_position_embeddings: integerBetween(1, 1_000_000).default(8192),
    initializer_range: numberBetween(0, 100).default(0.02),
    initializer_cutoff_factor: numberBetween(1e-3, 1e6).nullable().default(2),
    norm_eps: numberBetween(1e-30, 1).default(1e-5),
    norm_bias: flag().default(false),
    pad_token_id: paddingId().default(50283),
    global_rope_theta: theta().default(160_000),
    local_rope_theta: theta().nullable().default(10_000),
    attention_bias: flag().default(false),
    attention_dropout: probability().default(0),
    global_attn_every_n_layers: integerBetween(1, 1000).default(3),
    local_attention: integerBetween(1, 1_000_000).default(128),
    embedding_dropout: probability().default(0),
    mlp_bias: flag().default(false),
    mlp_dropout: probability().default(0),
    classifier_dropout: probability().default(0),
    classifier_bias: flag().default(false),
    classifier_activation: activation().default('gelu'),
  },
  readable: 'ModernBERT model, with unscaled rotary positions',
})

export const modernBert: Architecture<ModernBertConfig> = {
  model_type: 'modernbert',
  class_name: 'ModernBertForQuestionAnswering',
  class_prefix: 'ModernBert',
  field_names: reader.names,
  checkpoint: { prefix: 'model.', constants: [] },
  parseConfig(json, source) {
    const config: ModernBertConfig = reader.read(json, source)
    checkSizes(this.geometry(config), config, { heads: 'num_attention_heads', hidden_size: 'hidden_size' }, source)
    rejectOtherLayers(config, source)
    const { hidden_size, num_attention_heads } = config
    if ((hidden_size / num_attention_heads) % 2 !== 0)
      rejectConfig(source, [
        `num_attention_heads: found ${num_attention_heads}, expected heads of an even size, because pairs of values rotate`,
      ])
    return config
  },
  savedFields: () => ({}),
  geometry: (config) => ({
    layers: config.num_hidden_layers,
    layer_kinds: Array.from({ length: config.num_hidden_layers }, (_, layer) =>
      layer === 0 ? 'a first layer without a norm' : `a layer with ${attentionKind(config, layer)} attention`,
    ),
    heads: config.num_attention_heads,
    hidden_size: config.hidden_size,
    intermediate_size: config.intermediate_size,
    activation: config.hidden_activation,
    is_gated: true,
    vocab_size: config.vocab_size,
    max_positions: config.max_position_embeddings,
    token_types: 0,
    padding_row: paddingRow(config.pad_token_id, config.vocab_size),
    initializer_range: config.initializer_range,
  }),
  resized: (config, { layers, vocab_size }) => ({
    ...config,
    num_hidden_layers: layers,
    vocab_size,
    pad_token_id: config.pad_token_id === null ? null : Math.min(config.pad_token_id, vocab_size - 1),
  }),
  encoder,
  head,
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/** transformers 5 writes positions and kinds of layers in another form, which must say what the fields of 4.57 say. */
function rejectOtherLayers(c: ModernBertConfig, source: string): void {
  const { rope_parameters, layer_types } = c.extra
  const thetas: Readonly<Record<string, number>> = {
    full_attention: c.global_rope_theta,
    sliding_attention: c.local_rope_theta ?? c.global_rope_theta,
  }
  for (const [kind, found] of Object.entries(rope_parameters ?? {})) {
    const rope_theta = thetas[kind]
    if (rope_theta === undefined)
      rejectConfig(source, [`rope_parameters: found ${showValue(kind)}, expected ${Object.keys(thetas).join(' and ')}`])
    if (found && !isSame({ rope_type: 'default', rope_theta }, { rope_type: 'default', rope_theta, ...found }))
      rejectConfig(source, [
        `rope_parameters: ${kind}: found ${showValue(found)}, expected rope_theta ${rope_theta} without scaling`,
      ])
  }
  const types = Array.from({ length: c.num_hidden_layers }, (_, i) =>
    i % c.global_attn_every_n_layers === 0 ? 'full_attention' : 'sliding_attention',
  )
  if (layer_types && !isSame(layer_types, types))
    rejectConfig(source, [
      `layer_types: found ${showValue(layer_types)}, expected full_attention in every ` +
        `${c.global_attn_every_n_layers} layers (global_attn_every_n_layers), from the first on`,
    ])
}

/** New weights are narrower where a layer ends, and wider in the classifier. */
const initial = (c: ModernBertConfig, place: 'in' | 'out' | 'classifier'): Initialization => ({
  deviation: {
    in: c.initializer_range,
    out: c.initializer_range / Math.sqrt(2 * c.num_hidden_layers),
    classifier: c.hidden_size ** -0.5,
  }[place],
  cutoff: c.initializer_cutoff_factor ?? 3,
})

const norm = (p: Parameters, c: ModernBertConfig, x: Tensor): Tensor =>
  layerNorm(p, x, c.norm_eps, { bias: c.norm_bias })

function encoder(p: Parameters, c: ModernBertConfig, dropout: Dropout, range: LayerRange): Tensor {
  const positions = cast(input('position_ids', ['tokens'], 'int32'), 'float32')
  const bias = attentionBias()
  const attend = selfAttention(c.num_attention_heads, dropout, bias)
  const kinds: Record<'global' | 'local', LayerKind> = {
    global: { turn: rotation(c, positions, c.global_rope_theta), bias },
    local: {
      turn: rotation(c, positions, c.local_rope_theta ?? c.global_rope_theta),
      bias: nearby(bias, Math.floor(c.local_attention / 2)),
    },
  }
  const x =
    range.from === 0 ? embeddings(p.embeddings('embeddings'), c, dropout) : input('hidden', ['tokens', c.hidden_size])
  return applyLayers(x, range, (x, i) => {
    return layer(p.layer(`layers.${i}`, i), c, i, x, kinds[attentionKind(c, i)], attend, dropout)
  })
}

const attentionKind = (c: ModernBertConfig, layer: number): 'global' | 'local' =>
  layer % c.global_attn_every_n_layers === 0 ? 'global' : 'local'

function embeddings(p: Parameters, c: ModernBertConfig, dropout: Dropout): Tensor {
  const table = { size: c.vocab_size, width: c.hidden_size, padding_idx: paddingRow(c.pad_token_id, c.vocab_size) }
  const words = embedding(p.at('tok_embeddings'), input('input_ids', ['tokens'], 'int32'), {
    ...table,
    init: initial(c, 'in'),
  })
  return dropout(norm(p.at('norm'), c, words), c.embedding_dropout)
}

interface LayerKind {
  /** Turns queries and keys [tokens, hidden_size] by their positions. */
  readonly turn: (x: Tensor) => Tensor
  /** Tensor that is added to the scores of attention. */
  readonly bias: Tensor
}

function layer(
  p: Parameters,
  c: ModernBertConfig,
  i: number,
  x: Tensor,
  { turn, bias }: LayerKind,
  attend: SelfAttention,
  dropout: Dropout,
): Tensor {
  const { hidden_size: h, intermediate_size: f } = c
  const dense = (name: string, x: Tensor, out: number, bias: boolean, place: 'in' | 'out') =>
    linear(p.at(name), x, out, { bias, init: initial(c, place) })

  // The embeddings end with a norm: the first layer has none.
  const normed = i === 0 ? x : norm(p.at('attn_norm'), c, x)
  const [query, key, value] = split(dense('attn.Wqkv', normed, 3 * h, c.attention_bias, 'in'), [h, h, h])
  const attended = attend(turn(query), turn(key), value, c.attention_dropout, bias)
  const y = dropout.add(dense('attn.Wo', attended, h, c.attention_bias, 'out'), c.attention_dropout, x)

  const [inner, gate] = split(dense('mlp.Wi', norm(p.at('mlp_norm'), c, y), 2 * f, c.mlp_bias, 'in'), [f, f])
  const gated = dropout(mul(activations[c.hidden_activation](inner), gate), c.mlp_dropout)
  return add(dense('mlp.Wo', gated, h, c.mlp_bias, 'out'), y)
}

/** Rotary positions: pair i of each head turns by position · theta^(-2i / size), rounded as torch rounds it. */
function rotation(c: ModernBertConfig, positions: Tensor, theta: number): (x: Tensor) => Tensor {
  const { num_attention_heads: heads, hidden_size } = c
  const size = hidden_size / heads
  const frequencies = Float32Array.from(
    { length: size / 2 },
    (_, i) => 1 / Math.fround(theta ** Math.fround((2 * i) / size)),
  )
  const angles = mul(reshape(positions, ['tokens', 1, 1]), constant(frequencies, [1, 1, size / 2]))
  const [cosines, sines] = [cos(angles), sin(angles)]
  return (x) => reshape(rotary(reshape(x, ['tokens', heads, size]), cosines, sines), ['tokens', hidden_size])
}

/**
 * `bias` for attention up to a distance, [rows, 1, length, length]. Beyond it and at padding it is UNSEEN exactly, also where
 * it is both: a row that sees nothing attends to everything evenly, as in transformers.
 */
function nearby(bias: Tensor, distance: number): Tensor {
  const places = cast(input('place_ids', ['length'], 'int32'), 'float32')
  const offsets = sub(reshape(places, ['length', 1]), places)
  const beyond = add(relu(sub(offsets, distance)), relu(sub(neg(offsets), distance)))
  const sum = add(bias, mul(beyond, UNSEEN))
  // Places without a token stay lower than UNSEEN.
  return sub(add(relu(sub(sum, UNSEEN)), UNSEEN), relu(sub(UNSEEN, bias)))
}

/** The last norm belongs to no layer, so frozen layers end before it. */
function head(p: Parameters, c: ModernBertConfig, hidden: Tensor, dropout: Dropout): Tensor {
  const encoded = norm(p.afterLayers('model.final_norm'), c, hidden)
  const dense = linear(p.at('head.dense'), encoded, c.hidden_size, { bias: c.classifier_bias, init: initial(c, 'out') })
  const y = norm(p.at('head.norm'), c, activations[c.classifier_activation](dense))
  return linear(p.at('classifier'), dropout(y, c.classifier_dropout), 2, { init: initial(c, 'classifier') })
}
