/** Splits texts at delimiters like the pre-tokenizers of the tokenizers library. */

import type { AlignedText } from './aligned-text.ts'
import { alignedBytes } from './byte-level.ts'
import type { Pattern } from './regular-expression.ts'

/** A range `[start, end)` of a normalized text: the whole text or a word. */
export interface Piece {
  readonly source: AlignedText
  readonly start: number
  readonly end: number
}

/** Splits a piece into non-empty pieces. */
export type PreTokenize = (piece: Piece) => Piece[]

/** How delimiters are treated. The first is the default. */
export const BEHAVIORS = ['Isolated', 'Removed', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'] as const
export type Behavior = (typeof BEHAVIORS)[number]

/** A delimiter, or the text between two delimiters. */
interface Stretch {
  readonly start: number
  readonly end: number
  readonly isDelimiter: boolean
}

export type FindDelimiters = (text: string, from: number, to: number) => Stretch[]

/** Divides a text into delimiters and the stretches between them. The delimiters must be in order. */
function stretchesOf(delimiters: Iterable<readonly [start: number, end: number]>, from: number, to: number): Stretch[] {
  const stretches: Stretch[] = []
  let done = from
  for (const [start, end] of delimiters) {
    if (start > done) stretches.push({ start: done, end: start, isDelimiter: false })
    stretches.push({ start, end, isDelimiter: true })
    done = end
  }
  if (to > done) stretches.push({ start: done, end: to, isDelimiter: false })
  return stretches
}

/** Treats each matching character as a delimiter. */
export const eachCharacter =
  (isDelimiter: (codePoint: number) => boolean): FindDelimiters =>
  (text, from, to) => {
    const delimiters: [number, number][] = []
    for (let at = from; at < to; ) {
      const codePoint = text.codePointAt(at)!
      const next = at + (codePoint > 0xffff ? 2 : 1)
      if (isDelimiter(codePoint)) delimiters.push([at, next])
      at = next
    }
    return stretchesOf(delimiters, from, to)
  }

/** Treats each occurrence of a string as a delimiter. */
export const eachOccurrence =
  (delimiter: string): FindDelimiters =>
  (text, from, to) => {
    const delimiters: [number, number][] = []
    for (let at = text.indexOf(delimiter, from); at >= 0 && at + delimiter.length <= to; ) {
      const end = at + delimiter.length
      delimiters.push([at, end])
      at = text.indexOf(delimiter, end)
    }
    return stretchesOf(delimiters, from, to)
  }

/** Treats each match of a regular expression as a delimiter. */
export const eachMatch =
  (pattern: Pattern): FindDelimiters =>
  (text, from, to) =>
    stretchesOf(pattern.matches(text, from, to), from, to)

/** Swaps delimiters and the text between them. */
export const inverted =
  (find: FindDelimiters): FindDelimiters =>
  (text, from, to) =>
    find(text, from, to).map((stretch) => ({ ...stretch, isDelimiter: !stretch.isDelimiter }))

export const splitter =
  (find: FindDelimiters, behavior: Behavior): PreTokenize =>
  ({ source, start: from, end: to }) =>
    SPLIT[behavior](find(source.text, from, to))
      .filter(({ start, end }) => start < end)
      .map(({ start, end }) => ({ source, start, end }))

const SPLIT: Record<Behavior, (stretches: readonly Stretch[]) => readonly Stretch[]> = {
  Isolated: (stretches) => stretches,
  Removed: (stretches) => stretches.filter(({ isDelimiter }) => !isDelimiter),
  Contiguous: (stretches) => merged(stretches, (before, stretch) => before.isDelimiter === stretch.isDelimiter),
  MergedWithPrevious: (stretches) => merged(stretches, (before, stretch) => stretch.isDelimiter && !before.isDelimiter),
  MergedWithNext: mergedWithNext,
}

/** Joins adjacent stretches for which `joins` returns true. */
function merged(stretches: readonly Stretch[], joins: (before: Stretch, stretch: Stretch) => boolean): Stretch[] {
  const result: Stretch[] = []
  for (const [i, stretch] of stretches.entries())
    if (i > 0 && joins(stretches[i - 1], stretch)) result.push({ ...result.pop()!, end: stretch.end })
    else result.push(stretch)
  return result
}

function mergedWithNext(stretches: readonly Stretch[]): Stretch[] {
  const result: Stretch[] = []
  for (const [i, stretch] of stretches.entries())
    if (i > 0 && stretches[i - 1].isDelimiter && !stretch.isDelimiter)
      result.push({ ...stretch, start: result.pop()!.start })
    else result.push(stretch)
  return result
}

/** Converts a piece to one character per byte. */
export function byteLevelPiece({ source, start, end }: Piece): Piece {
  const bytes = alignedBytes(source, start, end)
  return { source: bytes, start: 0, end: bytes.text.length }
}
