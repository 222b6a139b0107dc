import type { Label, Window } from './types.ts'
import { tokenTypeIds } from './windows.ts'

/** The digests that say whether two programs cut the same windows. */
export const DIGESTS = ['input_ids', 'token_type_ids', 'offsets_utf16', 'labels'] as const
export type Digest = (typeof DIGESTS)[number]

/**
 * The input of each digest: little-endian int32 arrays of all windows in order, without padding. `offsets_utf16` holds
 * the start and end of every token, `labels` all start positions followed by all end positions.
 */
export function digestStreams(
  windows: readonly Window[],
  labels: readonly Label[],
): Record<Digest, Iterable<Uint8Array<ArrayBuffer>>> {
  return {
    input_ids: each(windows, ({ input_ids }) => input_ids),
    token_type_ids: each(windows, tokenTypeIds),
    offsets_utf16: each(windows, ({ offsets }) => offsets),
    labels: each(
      [labels.map((label) => label.start_position), labels.map((label) => label.end_position)],
      (positions) => positions,
    ),
  }
}

function* each<T>(items: readonly T[], values: (item: T) => ArrayLike<number>): Generator<Uint8Array<ArrayBuffer>> {
  for (const item of items) yield littleEndian(values(item))
}

function littleEndian(values: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4 * values.length)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < values.length; i++) view.setInt32(4 * i, values[i], true)
  return bytes
}
