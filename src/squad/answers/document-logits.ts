import { SpanforgeError } from '../../errors.ts'
import type { Label, Window } from '../types.ts'
import { type ContextLogits, LogSum } from './best-spans.ts'
import { wordAt } from './words.ts'

/** The model's output for one window: one logit per token, starting with [CLS]. Logits of padding may follow. */
export interface WindowLogits {
  readonly start_logits: Float32Array
  readonly end_logits: Float32Array
}

/** The tokens of a document with their text positions and the logits of all windows. */
export interface TokenizedDocument {
  readonly logitsByWindow: readonly ContextLogits[]
  /** UTF-16 start and end of token i at 2i and 2i + 1. */
  readonly offsets: Int32Array
}

/** Aligns the overlapping windows of a document, given in document order, to a common token index. */
export function readDocument(windows: readonly Window[], logits: readonly WindowLogits[]): TokenizedDocument {
  if (windows.length === 0) throw new SpanforgeError('answers: a document has no windows, expected at least one')
  const offsets: number[] = []
  const logitsByWindow: ContextLogits[] = []
  for (const [index, window] of windows.entries()) {
    checkLogits(window, logits[index], index)
    const previous = windows[index - 1]
    const first = previous ? logitsByWindow[index - 1].first + tokensBeforeNext(previous, window) : 0
    const { context_start, context_end } = window
    logitsByWindow.push(contextLogits(window, logits[index], first))
    for (let i = offsets.length / 2 - first; i < context_end - context_start; i++)
      offsets.push(window.offsets[2 * (context_start + i)], window.offsets[2 * (context_start + i) + 1])
  }
  return { logitsByWindow, offsets: Int32Array.from(offsets) }
}

/** The logits of a window's context tokens. `first` is the index of the first of them in the document. */
export const contextLogits = (
  { context_start, context_end }: Window,
  { start_logits, end_logits }: WindowLogits,
  first = 0,
): ContextLogits => ({
  first,
  start_logits: start_logits.subarray(context_start, context_end),
  end_logits: end_logits.subarray(context_start, context_end),
})

/**
 * Marks the tokens (1) at which answers may start and end, so that no two spans have the same characters: a character
 * with several tokens, such as a Hangul syllable in an uncased model, starts at its first and ends at its last token.
 * With `words`, answers may only start and end at word boundaries.
 */
export function spanEdges(offsets: Int32Array, words?: Int32Array): { mayStart: Uint8Array; mayEnd: Uint8Array } {
  const tokens = offsets.length / 2
  const mayStart = new Uint8Array(tokens)
  const mayEnd = new Uint8Array(tokens)
  for (let token = 0; token < tokens; token++) {
    const [start, end] = [offsets[2 * token], offsets[2 * token + 1]]
    const isFirst = token === 0 || offsets[2 * token - 2] !== start
    const isLast = token === tokens - 1 || offsets[2 * token + 3] !== end
    mayStart[token] = Number(isFirst && (!words || wordAt(words, start)?.[0] === start))
    mayEnd[token] = Number(isLast && (!words || wordAt(words, end - 1)?.[1] === end))
  }
  return { mayStart, mayEnd }
}

/** Number of context tokens of `window` before the first one of `next`, which is all of them without an overlap. */
function tokensBeforeNext(window: Window, next: Window): number {
  let token = window.context_start
  while (token < window.context_end && !continuesWith(window, token, next)) token++
  return token - window.context_start
}

/**
 * Whether the context of `window` from `token` on is what `next` begins with. One token is not enough: the bytes of a
 * character can be equal tokens, and all have the place of that character.
 */
function continuesWith(window: Window, token: number, next: Window): boolean {
  const shared = Math.min(window.context_end - token, next.context_end - next.context_start)
  for (let i = 0; i < shared; i++) if (!isSameToken(window, token + i, next, next.context_start + i)) return false
  return true
}

/** Compares position and id, because all tokens of one character have the same position. */
const isSameToken = (a: Window, i: number, b: Window, j: number): boolean =>
  a.offsets[2 * i] === b.offsets[2 * j] &&
  a.offsets[2 * i + 1] === b.offsets[2 * j + 1] &&
  a.input_ids[i] === b.input_ids[j]

export function checkLogits(window: Window, logits: WindowLogits | undefined, index: number): void {
  const found = Math.min(logits?.start_logits.length ?? 0, logits?.end_logits.length ?? 0)
  if (found < window.input_ids.length)
    throw new SpanforgeError(
      `answers: window ${index} has ${found} logits, expected one for each of its ${window.input_ids.length} tokens`,
    )
}

/**
 * The loss of transformers: the mean of the cross-entropies of starts and ends, each averaged over the windows that
 * contain its position.
 */
export function spanLoss(logits: readonly WindowLogits[], spans: readonly Label[]): number {
  const starts = logits.map(({ start_logits }, i) => ({ scores: start_logits, position: spans[i].start_position }))
  const ends = logits.map(({ end_logits }, i) => ({ scores: end_logits, position: spans[i].end_position }))
  return (meanCrossEntropy(starts) + meanCrossEntropy(ends)) / 2
}

interface Judged {
  readonly scores: Float32Array
  readonly position: number
}

function meanCrossEntropy(all: readonly Judged[]): number {
  const inside = all.filter(({ scores, position }) => position < scores.length)
  const total = inside.reduce((sum, { scores, position }) => sum + logSumOf(scores) - scores[position], 0)
  return inside.length === 0 ? 0 : total / inside.length
}

function logSumOf(scores: Float32Array): number {
  const sum = new LogSum()
  for (const score of scores) sum.add(score)
  return sum.value
}
