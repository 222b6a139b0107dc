import type { Row } from '../models/pack.ts'
import { tokenTypeIds } from '../squad/digests.ts'
import type { Window } from '../squad/types.ts'

export type Padding = 'none' | 'longest' | 'max_length'

export interface PaddingOptions {
  readonly padding: Padding
  readonly max_seq_length: number
  readonly pad_token_id: number
}

/**
 * Windows as the model reads them. Without padding only real tokens are computed; with it the padding's logits take
 * part in the loss, as they do in transformers.
 */
export function toRows(windows: readonly Window[], { padding, max_seq_length, pad_token_id }: PaddingOptions): Row[] {
  const longest = Math.max(...windows.map(({ input_ids }) => input_ids.length))
  const length = { none: 0, longest, max_length: max_seq_length }[padding]
  return windows.map((window) => {
    const attended = window.input_ids.length
    if (attended >= length) return { input_ids: window.input_ids, token_type_ids: tokenTypeIds(window), attended }
    const input_ids = new Int32Array(length).fill(pad_token_id)
    input_ids.set(window.input_ids)
    const token_type_ids = new Int32Array(length)
    token_type_ids.set(tokenTypeIds(window))
    return { input_ids, token_type_ids, attended }
  })
}

/**
 * Cuts rows into passes of at most `max_tokens` tokens, longest rows first, so that rows of similar length go together
 * and little is lost to padding inside attention. As few passes as can be, of similar size. Returns indices of rows.
 */
export function cutIntoPasses(lengths: readonly number[], max_tokens: number): number[][] {
  const order = [...lengths.keys()].sort((a, b) => lengths[b]! - lengths[a]! || a - b)
  const total = lengths.reduce((a, b) => a + b, 0)
  const fair = total / Math.max(1, Math.ceil(total / max_tokens))
  const passes: number[][] = []
  let tokens = Number.POSITIVE_INFINITY
  for (const row of order) {
    const length = lengths[row]!
    // Half of a row may stick out of the fair share, but nothing out of the limit.
    if (tokens + length / 2 > fair || tokens + length > max_tokens) {
      passes.push([])
      tokens = 0
    }
    passes.at(-1)!.push(row)
    tokens += length
  }
  return passes
}
