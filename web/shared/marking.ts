/** Marking spans of the text by mouse or keyboard. */
import type { TextSpan } from '../../src/squad/types.ts'

/** Trims whitespace and completes surrogate pairs at the ends. Returns undefined if nothing is left. */
export function trimmed(text: string, { start, end }: TextSpan): TextSpan | undefined {
  if (start > end) [start, end] = [end, start]
  if (/[\udc00-\udfff]/.test(text.charAt(start))) start--
  if (/[\udc00-\udfff]/.test(text.charAt(end))) end++
  const inside = text.slice(start, end)
  const from = start + inside.length - inside.trimStart().length
  const to = end - (inside.length - inside.trimEnd().length)
  return from < to ? { start: from, end: to } : undefined
}

/**
 * The span after a key press: arrow keys move it to the next or previous word, with Shift they move its end by a word,
 * and with Shift and Alt by a character. Returns undefined for other keys.
 */
export function moved(
  text: string,
  span: TextSpan,
  { key, shiftKey, altKey }: Pick<KeyboardEvent, 'key' | 'shiftKey' | 'altKey'>,
): TextSpan | undefined {
  if (key !== 'ArrowLeft' && key !== 'ArrowRight') return undefined
  const forward = key === 'ArrowRight'
  if (!shiftKey)
    return (forward ? wordAfter(text, wordAfter(text, span.start)!.end) : wordBefore(text, span.start)) ?? span
  if (altKey) return trimmed(text, { start: span.start, end: characterEnd(text, span, forward) }) ?? span
  const word = forward ? wordAfter(text, span.end) : wordBefore(text, lastWordStart(text, span))
  return word && word.end > span.start ? { start: span.start, end: word.end } : span
}

function characterEnd(text: string, { start, end }: TextSpan, forward: boolean): number {
  // Spans do not end with whitespace, so skip it.
  if (forward) while (end < text.length && text.slice(end, end + 1).trim() === '') end++
  const low = /[\udc00-\udfff]/.test(text.charAt(forward ? end + 1 : end - 1))
  return Math.min(text.length, Math.max(start + 1, end + (forward ? 1 : -1) * (low ? 2 : 1)))
}

/** Number of characters to search; longer words are truncated. */
const REACH = 2000
/** Letters and digits with joining characters, or a single other character. */
const WORD = /[\p{L}\p{N}\p{M}]+(?:['’.,-][\p{L}\p{N}\p{M}]+)*|[^\s\p{L}\p{N}\p{M}]/gu

export function wordAfter(text: string, from: number): TextSpan | undefined {
  for (const { 0: word, index } of text.slice(from, from + REACH).matchAll(WORD))
    if (word) return { start: from + index, end: from + index + word.length }
  return undefined
}

export function wordBefore(text: string, before: number): TextSpan | undefined {
  const from = Math.max(0, before - REACH)
  const last = [...text.slice(from, before).matchAll(WORD)].at(-1)
  return last && { start: from + last.index, end: from + last.index + last[0].length }
}

const lastWordStart = (text: string, { end }: TextSpan): number => wordBefore(text, end)?.start ?? end

/** Finds up to `max` occurrences of `words`, ignoring case and differences in whitespace. */
export function occurrences(text: string, words: string, max = 500): TextSpan[] {
  const parts = words.trim().split(/\s+/).filter(Boolean)
  if (parts.length === 0) return []
  const pattern = new RegExp(parts.map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('\\s+'), 'giu')
  const found: TextSpan[] = []
  for (const { 0: match, index } of text.matchAll(pattern)) {
    found.push({ start: index, end: index + match.length })
    if (found.length === max) break
  }
  return found
}
