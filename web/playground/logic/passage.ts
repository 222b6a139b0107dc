/** The part of a long text that a correction keeps: training on a whole book would read it again for every question. */
import { type Span, trimmed } from './marking.ts'

/** Characters of a passage: about as much as one window of 384 tokens holds. */
const MOST_CHARACTERS = 1200

const PARAGRAPH_END = /\n\s*/g
const SENTENCE_END = /[.!?…。！？]["'”’»)\]]*\s+|[。！？]/g

/**
 * The passage around `span`: whole paragraphs where they fit into `most` characters, else whole sentences, else words.
 * The span itself is always inside, however long it is.
 */
export function passageAround(text: string, span: Span, most = MOST_CHARACTERS): Span {
  if (text.length <= most) return trimmed(text, { start: 0, end: text.length }) ?? { start: 0, end: text.length }
  const reach = { start: Math.max(0, span.end - most), end: Math.min(text.length, span.start + most) }
  const nearby = text.slice(reach.start, reach.end)
  for (const pattern of [PARAGRAPH_END, SENTENCE_END, /\s+/g]) {
    const pieces = piecesOf(nearby, pattern, reach.start)
    const passage = grown(pieces, span, most, text.length)
    if (passage) return trimmed(text, passage) ?? passage
  }
  return span
}

/** Consecutive pieces of `nearby` that end where the pattern matches, as spans of the whole text. */
function piecesOf(nearby: string, pattern: RegExp, offset: number): Span[] {
  const ends = [...nearby.matchAll(pattern)].map(({ 0: match, index }) => index + match.length)
  return [...ends, nearby.length].map((end, i) => ({ start: offset + (ends[i - 1] ?? 0), end: offset + end }))
}

/**
 * The pieces that hold the span, with as many whole neighbours on either side as fit. Undefined where even these are too
 * many. The first and the last piece may have been cut when the surroundings were, and count as whole only at the ends
 * of the text.
 */
function grown(pieces: readonly Span[], span: Span, most: number, length: number): Span | undefined {
  const isWhole = (i: number) => (i > 0 || pieces[i].start === 0) && (i < pieces.length - 1 || pieces[i].end === length)
  let first = pieces.findIndex(({ end }) => end > span.start)
  let last = pieces.findIndex(({ end }) => end >= span.end)
  const size = () => pieces[last].end - pieces[first].start
  if (first < 0 || last < 0 || !isWhole(first) || !isWhole(last) || size() > most) return undefined
  for (let grew = true; grew; ) {
    grew = false
    for (const [from, to] of [
      [first - 1, last],
      [first, last + 1],
    ]) {
      if (from < 0 || to >= pieces.length || !isWhole(from) || !isWhole(to)) continue
      if (pieces[to].end - pieces[from].start > most) continue
      ;[first, last, grew] = [from, to, true]
      break
    }
  }
  return { start: pieces[first].start, end: pieces[last].end }
}
