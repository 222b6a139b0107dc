import type { Window } from '../squad/types.ts'
import { tokenTypeIds } from '../squad/windows.ts'
import type { Row } from './pack.ts'

export type Padding = 'none' | 'longest' | 'max_length'

export interface PaddingOptions {
  readonly padding: Padding
  readonly max_seq_length: number
  readonly pad_token_id: number
}

/**
 * Converts windows to model inputs. Without padding, only real tokens are computed. With padding, the logits of padding
 * tokens affect the loss, as in transformers.
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
