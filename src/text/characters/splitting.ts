/** Texts split at delimiters, as the pre-tokenizers of the tokenizers library do it. */

import type { AlignedText } from './aligned-text.ts'
import { alignedBytes } from './byte-level.ts'
import type { Pattern } from './regular-expression.ts'

/** A stretch `[start, end)` of a normalized text: all of it, or a word. */
export interface Piece {
  readonly source: AlignedText
  readonly start: number
  readonly end: number
}

/** Cuts a piece into pieces, none of them empty. */
export type PreTokenize = (piece: Piece) => Piece[]

/** What becomes of the delimiters; the first is the default. */
export const BEHAVIORS = ['Isolated', 'Removed', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'] as const
export type Behavior = (typeof BEHAVIORS)[number]

/** A delimiter, or what lies between two. */
interface Stretch {
  readonly start: number
  readonly end: number
  readonly isDelimiter: boolean
}

export type FindDelimiters = (text: string, from: number, to: number) => Stretch[]

/** Stretches of a text between and in the ranges of delimiters, which are in order. */
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

/** Each character of a kind is a delimiter. */
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

/** Each occurrence of a string is a delimiter. */
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

/** Each match of a regular expression is a delimiter. */
export const eachMatch =
  (pattern: Pattern): FindDelimiters =>
  (text, from, to) =>
    stretchesOf(pattern.matches(text, from, to), from, to)

/** What lies between delimiters, instead of them. */
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

/** Joins neighbors; `joins` compares a stretch with the one just before it. */
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

/** A piece with a character for each byte of its text. */
export function byteLevelPiece({ source, start, end }: Piece): Piece {
  const bytes = alignedBytes(source, start, end)
  return { source: bytes, start: 0, end: bytes.text.length }
}
