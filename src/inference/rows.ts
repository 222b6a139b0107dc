import type { Row } from '../models/pack.ts'
import type { Window } from '../squad/types.ts'
import { tokenTypeIds } from '../squad/windows.ts'

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
export function toRows(windows: readonly Window[], options?: PaddingOptions): Row[] {
  const rows = windows.map((window) => {
    const { input_ids } = window
    return { input_ids, token_type_ids: tokenTypeIds(window), attended: input_ids.length }
  })
  if (!options || options.padding === 'none') return rows
  const longest = Math.max(...rows.map(({ attended }) => attended))
  const length = options.padding === 'longest' ? longest : options.max_seq_length
  return rows.map((row) => padded(row, length, options.pad_token_id))
}

function padded(row: Row, length: number, pad_token_id: number): Row {
  if (row.attended >= length) return row
  const input_ids = new Int32Array(length).fill(pad_token_id)
  input_ids.set(row.input_ids)
  const token_type_ids = new Int32Array(length)
  token_type_ids.set(row.token_type_ids)
  return { ...row, input_ids, token_type_ids }
}

/**
 * Cuts rows into passes of at most `max_tokens` tokens, longest rows first, so that rows of similar length go together
 * and little is lost to padding inside attention. As few passes as can be, of similar size. Returns indices of rows.
 */
export function cutIntoPasses(lengths: readonly number[], max_tokens: number): number[][] {
  const order = [...lengths.keys()].sort((a, b) => lengths[b] - lengths[a] || a - b)
  const total = lengths.reduce((a, b) => a + b, 0)
  const fair = total / Math.max(1, Math.ceil(total / max_tokens))
  const passes: number[][] = []
  let tokens = Number.POSITIVE_INFINITY
  for (const row of order) {
    const length = lengths[row]
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
