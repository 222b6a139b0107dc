import type { Answer } from '../types.ts'
import type { CodePoints } from './code-points.ts'
import type { ProblemKind } from './data-problem.ts'
import { FoldedSearch } from './folded-search.ts'
import { sameValues } from './spreadsheet-values.ts'

/** The likely position of an answer with a wrong `answer_start`. */
export interface FoundAnswer {
  readonly answer: Answer
  readonly kind: ProblemKind & ('misaligned' | 'utf16_offset' | 'byte_offset')
  /** Number of equally good positions, including this one. */
  readonly places: number
}

/** Longer answers are only searched for exactly. */
const MAX_VARIANT_LENGTH = 2000

/** Finds answers that are not at their `answer_start`. */
export class AnswerFinder {
  private readonly folded = new FoldedSearch()

  /**
   * Finds the most likely position of an answer that is not at code point `count`: first the position if `count` is in
   * UTF-16 units or UTF-8 bytes, then the nearest occurrence of the text, then the nearest spelling variant, whose text
   * becomes the answer.
   */
  find(text: string, context: string, count: number, codePoints: CodePoints): FoundAnswer | undefined {
    const isAt = (at: number) => context.startsWith(text, at) && isBetweenCharacters(context, at)
    if (isAt(count)) return { answer: { text, answer_start: count }, kind: 'utf16_offset', places: 1 }
    const atByte = utf16OfByte(context, count)
    if (isAt(atByte)) return { answer: { text, answer_start: atByte }, kind: 'byte_offset', places: 1 }
    const near = codePoints.toUtf16(count)
    return nearestAnswer(placesOf(text, context), near) ?? this.findVariant(text, context, near)
  }

  /**
   * Finds the variant of a text that is nearest to UTF-16 index `near`. Variants differ in case, whitespace, Unicode
   * normalization, quotation marks or dashes, or are the same number or date as reformatted by a spreadsheet.
   */
  findVariant(text: string, context: string, near = 0): FoundAnswer | undefined {
    if (text.length > MAX_VARIANT_LENGTH) return undefined
    const spelled = [...this.folded.places(text, context)].filter((place) => !cutsNumber(place, context))
    return nearestAnswer(spelled, near) ?? nearestAnswer(sameValues(text, context), near)
  }
}

function nearestAnswer(answers: Iterable<Answer>, near: number): FoundAnswer | undefined {
  let best: Answer | undefined
  const places = new Set<number>()
  for (const answer of answers) {
    if (!best || Math.abs(answer.answer_start - near) < Math.abs(best.answer_start - near)) best = answer
    places.add(answer.answer_start)
  }
  return best && { answer: best, kind: 'misaligned', places: places.size }
}

const WITHOUT_SPACES =
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Thai}|\p{Script=Lao}|\p{Script=Khmer}|\p{Script=Myanmar}/u

const isWordPart = (character: string | undefined): boolean =>
  character !== undefined && /[\p{L}\p{M}\p{N}]/u.test(character) && !WITHOUT_SPACES.test(character)

const isDigit = (character: string | undefined): boolean => character !== undefined && /\d/.test(character)

/** Whether the start or end of the answer separates two characters of a kind. */
function cuts({ text, answer_start }: Answer, context: string, isKind: (character?: string) => boolean): boolean {
  const [before, after] = [
    [...context.slice(Math.max(0, answer_start - 2), answer_start)].at(-1),
    context.slice(answer_start + text.length),
  ]
  const [first, last] = [[...text.slice(0, 2)][0], [...text.slice(-2)].at(-1)]
  return (isKind(before) && isKind(first)) || (isKind(last) && isKind([...after.slice(0, 2)][0]))
}

/** Whether the answer is only part of a number, such as 123 in 00123. */
export const cutsNumber = (answer: Answer, context: string): boolean => cuts(answer, context, isDigit)

/** Occurrences of the text as whole words or, if there are none, all occurrences. */
export function likelyPlaces(text: string, context: string): Answer[] {
  const all = [...placesOf(text, context)]
  const words = all.filter((place) => !cuts(place, context, isWordPart))
  return words.length > 0 ? words : all
}

/** All occurrences of the text in order. */
export function* placesOf(text: string, context: string): Generator<Answer> {
  for (let at = context.indexOf(text); at >= 0; at = context.indexOf(text, at + 1))
    if (isBetweenCharacters(context, at)) yield { text, answer_start: at }
}

/** Whether an index is not inside a surrogate pair. */
const isBetweenCharacters = (text: string, at: number): boolean => at === 0 || text.codePointAt(at - 1)! < 0x10000

/** UTF-16 index of the character that starts at a UTF-8 byte offset; beyond the text if none does. */
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
