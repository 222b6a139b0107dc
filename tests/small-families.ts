import { parseConfig } from '../src/models/registry.ts'
import type { LabeledWindow } from '../src/squad/types.ts'
import type { RecordedBatch } from './tiny-model.ts'

export interface Sizes {
  readonly hidden: number
  readonly inner: number
  readonly heads: number
}

/** A small model of an architecture with all kinds of its layers, and 100 tokens. */
export function smallConfig(type: string, { hidden, inner, heads }: Sizes) {
  const sizes = {
    ...{ vocab_size: 100, hidden_size: hidden, intermediate_size: inner },
    ...{ num_hidden_layers: 2, num_attention_heads: heads },
  }
  const own: Readonly<Record<string, object>> = {
    distilbert: { dim: hidden, n_heads: heads, n_layers: 2, hidden_dim: inner },
    albert: { embedding_size: hidden / 2, hidden_dropout_prob: 0.1, attention_probs_dropout_prob: 0.1 },
    modernbert: {
      ...{ pad_token_id: 0, cls_token_id: 1, sep_token_id: 2, bos_token_id: 1, eos_token_id: 2 },
      ...{ attention_dropout: 0.1, embedding_dropout: 0.1, mlp_dropout: 0.1 },
      ...{ global_attn_every_n_layers: 2, local_attention: 16 },
    },
    'deberta-v2': {
      ...{ relative_attention: true, position_buckets: 16, pos_att_type: ['c2p', 'p2c'], share_att_key: true },
      max_relative_positions: 64,
    },
  }
  return parseConfig({ model_type: type, ...sizes, ...own[type] }, type)
}

const tokens = (length: number, seed: number) => Int32Array.from({ length }, (_, i) => 5 + ((7 * i + 31 * seed) % 90))

/** Windows of these lengths, without padding. */
export function smallBatch(lengths: readonly number[]): RecordedBatch {
  const rows = lengths.map((length, seed) => ({
    input_ids: tokens(length, seed),
    token_type_ids: new Int32Array(length),
    attended: length,
  }))
  return { rows, spans: rows.map((_, seed) => ({ start_position: 3 + seed, end_position: 9 })) }
}

/** The same as windows with labels. */
export const smallWindows = (lengths: readonly number[]): LabeledWindow[] =>
  lengths.map((length, seed) => ({
    ...{ example: seed, input_ids: tokens(length, seed), context_start: 2, context_end: length - 1 },
    ...{ offsets: new Int32Array(2 * length), start_position: 3 + (seed % 5), end_position: 9 },
  }))
