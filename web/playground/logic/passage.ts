/** Selects the part of a long text to save in a correction, because training would read a whole book per question. */
import type { TextSpan } from '../../../src/squad/types.ts'
import { trimmed } from '../../shared/marking.ts'

/** Maximum characters of a passage, about as many as fit into a window of 384 tokens. */
const MAX_CHARACTERS = 1200

const PARAGRAPH_END = /\n\s*/g
const SENTENCE_END = /[.!?…。！？]["'”’»)\]]*\s+|[。！？]/g

/**
 * The passage around `span`: whole paragraphs if they fit into `max` characters, else whole sentences, else words. It
 * always includes the span itself.
 */
export function passageAround(text: string, span: TextSpan, max = MAX_CHARACTERS): TextSpan {
  if (text.length <= max) return trimmed(text, { start: 0, end: text.length }) ?? { start: 0, end: text.length }
  const reach = { start: Math.max(0, span.end - max), end: Math.min(text.length, span.start + max) }
  const nearby = text.slice(reach.start, reach.end)
  for (const pattern of [PARAGRAPH_END, SENTENCE_END, /\s+/g]) {
    const pieces = piecesOf(nearby, pattern, reach.start)
    const passage = grown(pieces, span, max, text.length)
    if (passage) return trimmed(text, passage) ?? passage
  }
  return span
}

/** Splits `nearby` after each match of the pattern. Positions are relative to the whole text. */
function piecesOf(nearby: string, pattern: RegExp, offset: number): TextSpan[] {
  const ends = [...nearby.matchAll(pattern)].map(({ 0: match, index }) => index + match.length)
  return [...ends, nearby.length].map((end, i) => ({ start: offset + (ends[i - 1] ?? 0), end: offset + end }))
}

/**
 * The pieces that contain the span, plus as many whole neighbors on either side as fit, or undefined if the pieces
 * themselves do not fit. The first and last piece may be truncated and count as whole only at the ends of the text.
 */
function grown(pieces: readonly TextSpan[], span: TextSpan, max: number, length: number): TextSpan | undefined {
  const isWhole = (i: number) => (i > 0 || pieces[i].start === 0) && (i < pieces.length - 1 || pieces[i].end === length)
  let first = pieces.findIndex(({ end }) => end > span.start)
  let last = pieces.findIndex(({ end }) => end >= span.end)
  const size = () => pieces[last].end - pieces[first].start
  if (first < 0 || last < 0 || !isWhole(first) || !isWhole(last) || size() > max) return undefined
  for (let grew = true; grew; ) {
    grew = false
    for (const [from, to] of [
      [first - 1, last],
      [first, last + 1],
    ]) {
      if (from < 0 || to >= pieces.length || !isWhole(from) || !isWhole(to)) continue
      if (pieces[to].end - pieces[from].start > max) continue
      ;[first, last, grew] = [from, to, true]
      break
    }
  }
  return { start: pieces[first].start, end: pieces[last].end }
}
