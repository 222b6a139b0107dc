/** Marking a span of the text by keyboard, word by word. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** A span without the white space and half characters at its ends; undefined where nothing is left. */
export function trimmed(text: string, { start, end }: Span): Span | undefined {
  if (start > end) [start, end] = [end, start]
  if (/[\udc00-\udfff]/.test(text.charAt(start))) start--
  if (/[\udc00-\udfff]/.test(text.charAt(end))) end++
  const inside = text.slice(start, end)
  const from = start + inside.length - inside.trimStart().length
  const to = end - (inside.length - inside.trimEnd().length)
  return from < to ? { start: from, end: to } : undefined
}

/**
 * Where a key moves the span: an arrow to the next or last word, with Shift the end by a word, with Alt too by a
 * character. Undefined for a key that means nothing here.
 */
export function moved(
  text: string,
  span: Span,
  { key, shiftKey, altKey }: Pick<KeyboardEvent, 'key' | 'shiftKey' | 'altKey'>,
): Span | undefined {
  if (key !== 'ArrowLeft' && key !== 'ArrowRight') return undefined
  const forward = key === 'ArrowRight'
  if (!shiftKey)
    return (forward ? wordAfter(text, wordAfter(text, span.start)!.end) : wordBefore(text, span.start)) ?? span
  if (altKey) return trimmed(text, { start: span.start, end: characterEnd(text, span, forward) }) ?? span
  const word = forward ? wordAfter(text, span.end) : wordBefore(text, lastWordStart(text, span))
  return word && word.end > span.start ? { start: span.start, end: word.end } : span
}

function characterEnd(text: string, { start, end }: Span, forward: boolean): number {
  // A space at the end is passed over, for a span does not end with one.
  if (forward) while (end < text.length && text.slice(end, end + 1).trim() === '') end++
  const low = /[\udc00-\udfff]/.test(text.charAt(forward ? end + 1 : end - 1))
  return Math.min(text.length, Math.max(start + 1, end + (forward ? 1 : -1) * (low ? 2 : 1)))
}

/** A word may be longer than what is looked at; then it is cut. */
const REACH = 2000
/** Letters and digits with what joins them, or one mark of any other kind. */
const WORD = /[\p{L}\p{N}\p{M}]+(?:['’.,-][\p{L}\p{N}\p{M}]+)*|[^\s\p{L}\p{N}\p{M}]/gu

function wordAfter(text: string, from: number): Span | undefined {
  for (const { 0: word, index } of text.slice(from, from + REACH).matchAll(WORD))
    if (word) return { start: from + index, end: from + index + word.length }
  return undefined
}

function wordBefore(text: string, before: number): Span | undefined {
  const from = Math.max(0, before - REACH)
  const last = [...text.slice(from, before).matchAll(WORD)].at(-1)
  return last && { start: from + last.index, end: from + last.index + last[0].length }
}

const lastWordStart = (text: string, { end }: Span): number => wordBefore(text, end)?.start ?? end

/** Where `words` stand in the text, in any case, at most `most` times; white space matches any white space. */
export function occurrences(text: string, words: string, most = 500): Span[] {
  const parts = words.trim().split(/\s+/).filter(Boolean)
  if (parts.length === 0) return []
  const pattern = new RegExp(parts.map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('\\s+'), 'giu')
  const found: Span[] = []
  for (const { 0: match, index } of text.matchAll(pattern)) {
    found.push({ start: index, end: index + match.length })
    if (found.length === most) break
  }
  return found
}
