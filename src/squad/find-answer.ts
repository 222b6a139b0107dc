import type { CodePoints } from './code-points.ts'
import type { ProblemKind } from './data-problem.ts'
import type { Answer } from './types.ts'

/** Where an answer that is not in its place may have been meant to stand. */
export interface FoundAnswer {
  readonly answer: Answer
  readonly kind: ProblemKind & ('misaligned' | 'utf16_offset' | 'byte_offset')
}

/** Longer texts are looked for only as they are. */
const LONGEST_VARIANT = 2000

/**
 * Looks for an answer that does not stand at code point `count`: where that number would be right in UTF-16 units or in
 * UTF-8 bytes; else the nearest place with the text; else the nearest with the text in other case or other white space,
 * and then the answer is what stands there.
 */
export function findAnswer(
  text: string,
  context: string,
  count: number,
  codePoints: CodePoints,
): FoundAnswer | undefined {
  const standsAt = (at: number) => context.startsWith(text, at) && isBetweenCharacters(context, at)
  if (standsAt(count)) return { answer: { text, answer_start: count }, kind: 'utf16_offset' }
  const atByte = utf16OfByte(context, count)
  if (standsAt(atByte)) return { answer: { text, answer_start: atByte }, kind: 'byte_offset' }
  const near = codePoints.toUtf16(count)
  const answer = nearest(placesOf(text, context), near) ?? nearest(variants(text, context), near)
  return answer && { answer, kind: 'misaligned' }
}

function nearest(answers: Iterable<Answer>, near: number): Answer | undefined {
  let best: Answer | undefined
  for (const answer of answers)
    if (!best || Math.abs(answer.answer_start - near) < Math.abs(best.answer_start - near)) best = answer
  return best
}

/** Where the text stands as it is, from the first place to the last. */
export function* placesOf(text: string, context: string): Generator<Answer> {
  for (let at = context.indexOf(text); at >= 0; at = context.indexOf(text, at + 1))
    if (isBetweenCharacters(context, at)) yield { text, answer_start: at }
}

function* variants(text: string, context: string): Generator<Answer> {
  const words = text.trim().split(/\s+/u)
  if (!words[0] || text.length > LONGEST_VARIANT) return
  const pattern = words.map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('\\s+')
  for (const match of context.matchAll(new RegExp(pattern, 'giu'))) yield { text: match[0], answer_start: match.index }
}

/** The two halves of a character beyond the basic plane belong together. */
const isBetweenCharacters = (text: string, at: number): boolean => at === 0 || text.codePointAt(at - 1)! < 0x10000

/** UTF-16 index of the character that begins at a byte of the text in UTF-8; beyond the text where none does. */
function utf16OfByte(text: string, byte: number): number {
  let at = 0
  for (let bytes = 0; at < text.length && bytes < byte; ) {
    const code = text.codePointAt(at)!
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    at += code < 0x10000 ? 1 : 2
    if (bytes > byte) return text.length + 1
  }
  return at < text.length ? at : text.length + 1
}
