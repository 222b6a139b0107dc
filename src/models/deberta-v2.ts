/**
 * DeBERTa-v2 and v3 (He et al. 2021), as transformers' DebertaV2Model, on real tokens only: scores of attention also depend
 * on the distance between tokens, through a table of relative positions (disentangled attention).
 */
import { z } from 'zod'
import { UNSEEN } from '../batching/pack.ts'
import { constant, input, type Tensor } from '../graph/tensor.ts'
import { activations } from '../nn/activation.ts'
import type { Dropout } from '../nn/dropout.ts'
import { embedding, layerNorm, linear } from '../nn/layers.ts'
import type { Parameters } from '../nn/parameters.ts'
import { dropout as dropped } from '../ops/dropout.ts'
import { add, cast, mul, relu, sub } from '../ops/elementwise.ts'
import { gatherRows, permuteRows } from '../ops/gather.ts'
import { matmul } from '../ops/linalg.ts'
import { reshape, transpose } from '../ops/movement.ts'
import { softmax } from '../ops/softmax.ts'
import { takeAlong } from '../ops/take-along.ts'
import { showValue } from '../show-value.ts'
import { type Architecture, applyLayers, type LayerRange } from './architecture.ts'
import {
  BERT_LIKE_NAMES,
  type BertLikeConfig,
  bertLikeFields,
  bertLikeGeometry,
  qaOutputs,
  resizedBertLike,
} from './bert-like.ts'
import { checkSizes, configReader, integerBetween, paddingRow, rejectConfig, unpruned } from './config.ts'
import { attentionBias, layoutInputs } from './self-attention.ts'

/** The configuration of a DeBERTa-v2 or v3 model, with the field names of Hugging Face's config.json. */
export interface DebertaV2Config extends BertLikeConfig {
  readonly model_type: 'deberta-v2'
  /** Width of the embeddings; hidden_size if undefined. */
  readonly embedding_size?: number
  /** Whether scores depend on relative positions. */
  readonly relative_attention: boolean
  /** Which products with relative positions are added: content to position (c2p), position to content (p2c). */
  readonly pos_att_type: readonly string[] | string | null
  /** Maximum relative distance. Values below 1 mean max_position_embeddings. */
  readonly max_relative_positions: number
  /** Number of buckets of distances in each direction. Values below 1 give each distance its own bucket. */
  readonly position_buckets: number
  /** Whether relative positions are projected by the matrices of queries and keys. */
  readonly share_att_key: boolean
  /** `layer_norm` if the table of relative positions is normalized. */
  readonly norm_rel_ebd: string
  /** Whether absolute positions are added to the embeddings. */
  readonly position_biased_input: boolean
}

const flag = () => z.boolean('true or false')
const KINDS = 'a list of c2p and p2c'
const kinds = z.union(
  [z.array(z.enum(['c2p', 'p2c'])), z.string().regex(/^ *(c2p|p2c)( *\| *(c2p|p2c))* *$/i, KINDS)],
  KINDS,
)

const reader = configReader({
  model_type: 'deberta-v2',
  traits: {
    conv_kernel_size: z.literal(0, '0: no convolution after the first layer').nullable().optional(),
    pruned_heads: unpruned,
  },
  // Defaults are those of transformers' DebertaV2Config (4.57).
  fields: {
    ...bertLikeFields,
    vocab_size: bertLikeFields.vocab_size.default(128100),
    hidden_size: bertLikeFields.hidden_size.default(1536),
    embedding_size: integerBetween(1, 65536).optional(),
    num_hidden_layers: bertLikeFields.num_hidden_layers.default(24),
    num_attention_heads: bertLikeFields.num_attention_heads.default(24),
    intermediate_size: bertLikeFields.intermediate_size.default(6144),
    type_vocab_size: integerBetween(0, 10_000).default(0),
    layer_norm_eps: bertLikeFields.layer_norm_eps.default(1e-7),
    relative_attention: flag().default(false),
    pos_att_type: kinds.nullable().default(null),
    max_relative_positions: integerBetween(-1_000_000, 1_000_000).default(-1),
    position_buckets: integerBetween(-1_000_000, 1_000_000).default(-1),
    share_att_key: flag().default(false),
    norm_rel_ebd: z.string('none or layer_norm').default('none'),
    position_biased_input: flag().default(true),
  },
  readable: 'DeBERTa model, without a convolution',
})

export const debertaV2: Architecture<DebertaV2Config> = {
  model_type: 'deberta-v2',
  class_name: 'DebertaV2ForQuestionAnswering',
  class_prefix: 'DebertaV2',
  field_names: reader.names,
  checkpoint: {
    prefix: 'deberta.',
    constants: ['embeddings.position_ids', 'embeddings.position_embeddings.weight'],
  },
  parseConfig(json, source) {
    const config: DebertaV2Config = reader.read(json, source)
    checkSizes(this.geometry(config), config, BERT_LIKE_NAMES, source)
    const size = config.hidden_size / config.num_attention_heads
    const { attention_head_size = size } = config.extra
    if (attention_head_size !== size)
      rejectConfig(source, [
        `attention_head_size: found ${showValue(attention_head_size)}, expected ${size}: heads that share hidden_size evenly`,
      ])
    if (config.position_buckets === 1)
      rejectConfig(source, ['position_buckets: found 1, expected at least 2, or -1 for a position for each distance'])
    return config
  },
  savedFields: () => ({}),
  geometry: bertLikeGeometry,
  resized: resizedBertLike,
  encoder,
  head: qaOutputs,
}

const kindsOf = ({ pos_att_type }: DebertaV2Config): readonly string[] =>
  (typeof pos_att_type === 'string' ? pos_att_type.toLowerCase().split('|') : (pos_att_type ?? [])).map((kind) =>
    kind.trim(),
  )

const largestDistance = (c: DebertaV2Config): number =>
  c.max_relative_positions < 1 ? c.max_position_embeddings : c.max_relative_positions

/** Half the rows of the table of relative positions. */
const span = (c: DebertaV2Config): number => (c.position_buckets > 0 ? c.position_buckets : largestDistance(c))

/** Tensors that the layers of a pass share. */
interface SharedTensors {
  readonly layout: ReturnType<typeof layoutInputs>
  /** Added to the scores: a token attends to tokens if it is one; padding attends to everything evenly. */
  readonly bias: Tensor
  readonly relative?: {
    /** Rows [2 span, hidden_size], one for each bucket of distances. */
    readonly table: Tensor
    /** The row of the distance from key j to query i, [length, length]. */
    readonly rows: Tensor
  }
}

function encoder(p: Parameters, c: DebertaV2Config, dropout: Dropout, range: LayerRange): Tensor {
  const x = range.from === 0 ? embeddings(p, c, dropout) : input('hidden', ['tokens', c.hidden_size])
  const shared = { layout: layoutInputs('heads', c.num_attention_heads), bias: mutualBias(), relative: relative(p, c) }
  const apply = (x: Tensor, i: number) => layer(p.layer(`encoder.layer.${i}`, i), c, x, shared, dropout)
  return applyLayers(x, range, apply, shared.relative && [shared.relative.table])
}

function embeddings(p: Parameters, c: DebertaV2Config, dropout: Dropout): Tensor {
  const at = p.embeddings('embeddings')
  const width = c.embedding_size ?? c.hidden_size
  const lookUp = (table: string, ids: string, size: number, padding_idx?: number) =>
    embedding(at.at(table), input(ids, ['tokens'], 'int32'), { size, width, padding_idx })
  let x = lookUp('word_embeddings', 'input_ids', c.vocab_size, paddingRow(c.pad_token_id, c.vocab_size))
  if (c.position_biased_input) x = add(x, lookUp('position_embeddings', 'position_ids', c.max_position_embeddings))
  if (c.type_vocab_size > 0) x = add(x, lookUp('token_type_embeddings', 'token_type_ids', c.type_vocab_size))
  if (width !== c.hidden_size) x = linear(at.at('embed_proj'), x, c.hidden_size, { bias: false })
  const normed = layerNorm(at.at('LayerNorm'), x, c.layer_norm_eps)
  return dropout(mul(normed, input('attended', ['tokens', 1])), c.hidden_dropout_prob)
}

/** 0 between two tokens, UNSEEN where one of them is padding, [rows, 1, length, length]. */
function mutualBias(): Tensor {
  const keys = attentionBias()
  const sum = add(keys, transpose(keys, [0, 1, 3, 2]))
  // Places without a token stay lower than UNSEEN.
  return sub(add(relu(sub(sum, UNSEEN)), UNSEEN), relu(sub(UNSEEN, keys)))
}

function relative(p: Parameters, c: DebertaV2Config): SharedTensors['relative'] {
  if (!c.relative_attention) return undefined
  // The table is used before the first layer, so it is frozen with the embeddings.
  const table = p.embeddings('encoder.rel_embeddings').get('weight', [2 * span(c), c.hidden_size])
  const isNormed = c.norm_rel_ebd
    .toLowerCase()
    .split('|')
    .some((part) => part.trim() === 'layer_norm')
  return {
    table: isNormed ? layerNorm(p.embeddings('encoder.LayerNorm'), table, c.layer_norm_eps) : table,
    rows: bucketRows(c),
  }
}

/** Maximum number of places by which an engine may pad the longest window (`Engine.multiples`). */
const PADDED_PLACES = 64

function bucketRows(c: DebertaV2Config): Tensor {
  const max = c.max_position_embeddings + PADDED_PLACES - 1
  const buckets = relativeBuckets(max, { buckets: c.position_buckets, largest: largestDistance(c) })
  const half = span(c)
  const rows = buckets.map((bucket) => Math.min(Math.max(bucket + half, 0), 2 * half - 1))
  const places = cast(input('place_ids', ['length'], 'int32'), 'float32')
  const distances = cast(add(sub(reshape(places, ['length', 1]), places), max), 'int32')
  return reshape(gatherRows(constant(rows, [rows.length, 1], 'int32'), distances), ['length', 'length'])
}

function layer(p: Parameters, c: DebertaV2Config, x: Tensor, shared: SharedTensors, dropout: Dropout): Tensor {
  const addAndNorm = (p: Parameters, x: Tensor, y: Tensor) =>
    layerNorm(p.at('LayerNorm'), dropout.add(y, c.hidden_dropout_prob, x), c.layer_norm_eps)

  const attended = attention(p.at('attention.self').shared(), c, x, shared, dropout)
  const h = addAndNorm(p.at('attention.output'), x, linear(p.at('attention.output.dense'), attended, c.hidden_size))
  const inner = activations[c.hidden_act](linear(p.at('intermediate.dense'), h, c.intermediate_size))
  return addAndNorm(p.at('output'), h, linear(p.at('output.dense'), inner, c.hidden_size))
}

/** With relative positions r: softmax((q_i · k_j + q_i · key(r_ij) + k_j · query(r_ij)) / √(3 size)) v, the last two by name. */
function attention(p: Parameters, c: DebertaV2Config, x: Tensor, shared: SharedTensors, dropout: Dropout): Tensor {
  const { num_attention_heads: heads, hidden_size } = c
  const { layout, bias, relative } = shared
  const size = hidden_size / heads
  const project = (name: string, x: Tensor) => linear(p.at(name), x, hidden_size)
  const split = (x: Tensor) => permuteRows(reshape(x, ['tokens', heads, size]), layout.places, layout.tokens)
  const [q, k, v] = ['query_proj', 'key_proj', 'value_proj'].map((name) => split(project(name, x)))

  const kinds = kindsOf(c)
  const alpha = 1 / Math.sqrt(size * (1 + Number(kinds.includes('c2p')) + Number(kinds.includes('p2c'))))
  let scores = matmul(q, k, { transB: true, alpha })
  if (relative) {
    const table = dropout(relative.table, c.hidden_dropout_prob)
    const byBucket = (name: string, content: Tensor) => {
      const projected = reshape(project(name, table), [1, 2 * span(c), heads, size])
      return matmul(content, transpose(projected, [0, 2, 1, 3]), { transB: true, alpha }) // [rows, heads, length, 2 span]
    }
    if (kinds.includes('c2p'))
      scores = add(scores, takeAlong(byBucket(c.share_att_key ? 'key_proj' : 'pos_key_proj', q), relative.rows))
    if (kinds.includes('p2c')) {
      const keys = byBucket(c.share_att_key ? 'query_proj' : 'pos_query_proj', k)
      scores = add(scores, transpose(takeAlong(keys, transpose(relative.rows, [1, 0])), [0, 1, 3, 2]))
    }
  }
  // Masked scores are replaced, so no gradient flows to them, not even where all of a row are masked.
  const seen = relu(add(1, mul(bias, -1 / UNSEEN)))
  const mask = dropout.mask(['rows', heads, 'length', 'length'], c.attention_probs_dropout_prob)
  const values = matmul(dropped(softmax(add(mul(scores, seen), bias)), mask), v)
  return reshape(permuteRows(values, layout.tokens, layout.places), ['tokens', hidden_size])
}

const { fround } = Math

export interface BucketOptions {
  /** Number of buckets in each direction. Values below 1 give each distance its own bucket. */
  readonly buckets: number
  /** Maximum distance. Larger distances share its bucket. */
  readonly largest: number
}

/**
 * The buckets of the distances from -most to most: the distance itself up to half the buckets, beyond that its logarithm.
 * Each step is rounded as in torch's float32, so that every distance is in the same bucket as there.
 */
export function relativeBuckets(max: number, { buckets, largest }: BucketOptions): number[] {
  return Array.from({ length: 2 * max + 1 }, (_, i) => {
    const distance = i - max
    const middle = Math.floor(buckets / 2)
    const size = Math.abs(distance)
    if (buckets < 1 || size <= middle) return distance
    const share = fround(fround(Math.log(fround(size / middle))) / fround(Math.log(fround((largest - 1) / middle))))
    return Math.sign(distance) * (Math.ceil(fround(share * (middle - 1))) + middle)
  })
}
