import { UsageError } from '../errors.ts'
import type { Encoding } from './encoding.ts'
import type { Side } from './settings.ts'

/** Which text of a pair is truncated if both together are too long. */
export type TruncationStrategy = 'longest_first' | 'only_first' | 'only_second'

export interface Truncation {
  readonly strategy: TruncationStrategy
  /** Maximum number of tokens of both texts together, excluding special tokens. */
  readonly room: number
  /** Number of tokens that a piece shares with the previous one. */
  readonly stride: number
  readonly side: Side
}

/**
 * Returns the pieces of each text: first the one that is kept, then the overflowing ones, with the lengths and order of
 * the tokenizers library.
 * @throws UsageError if the text to truncate is too short, missing, or truncated to no more than `stride` tokens
 */
export function truncate(texts: readonly Encoding[], truncation: Truncation): Encoding[][] {
  const lengths = texts.map(({ ids }) => ids.length)
  const kept = keptLengths(lengths, truncation)
  return texts.map((text, i) => pieces(text, kept[i], truncation))
}

function keptLengths(lengths: readonly number[], { strategy, room }: Truncation): readonly number[] {
  const excess = lengths.reduce((sum, length) => sum + length, 0) - room
  if (excess <= 0) return lengths
  if (room === 0) return lengths.map(() => 0)
  if (strategy === 'longest_first') return lengths.length === 1 ? [room] : sharedRoom(lengths, room)
  const cut = strategy === 'only_first' ? 0 : 1
  if (cut >= lengths.length)
    throw new UsageError(
      `truncation is ${strategy}, but there is only one text`,
      'Give a second text, or use truncation true or only_first.',
    )
  if (lengths[cut] <= excess)
    throw new UsageError(
      `truncation ${strategy}: the ${cut === 0 ? 'first' : 'second'} text has ${lengths[cut]} tokens, but ${excess} ` +
        `must be removed`,
      `Raise max_length to more than the other text needs, or use truncation true, which shortens the longer text.`,
    )
  return lengths.map((length, i) => (i === cut ? length - excess : length))
}

/**
 * Keeps the shorter text complete if at least as many tokens remain for the longer one; otherwise gives half to each.
 */
function sharedRoom([first, second]: readonly number[], room: number): readonly number[] {
  const shorter = Math.min(first, second)
  const longer = shorter > room ? shorter : Math.max(shorter, room - shorter)
  const fits = shorter + longer <= room
  const few = fits ? shorter : Math.floor(room / 2)
  const many = fits ? longer : room - few
  return first > second ? [many, few] : [few, many]
}

function pieces(text: Encoding, length: number, { stride, side }: Truncation): Encoding[] {
  const total = text.ids.length
  if (length >= total) return [text]
  if (length === 0) return [slice(text, 0, 0), text]
  if (stride >= length)
    throw new UsageError(
      `stride is ${stride}; expected less than ${length}, the number of tokens that remain of a text`,
      'Lower stride, or raise max_length, which includes the special tokens and the other text.',
    )
  const found: Encoding[] = []
  for (let done = 0; ; done += length - stride) {
    const end = Math.min(done + length, total)
    found.push(side === 'right' ? slice(text, done, end) : slice(text, total - end, total - done))
    if (end === total) return found
  }
}

function slice({ ids, offsets, wordIds, firstOffsets }: Encoding, from: number, to: number): Encoding {
  const places = offsets.slice(2 * from, 2 * to)
  if (firstOffsets && from > 0 && from < to) places.set(firstOffsets.subarray(2 * from, 2 * from + 2))
  return { ids: ids.subarray(from, to), offsets: places, wordIds: wordIds.subarray(from, to) }
}
