import type { Answer, Example } from '../../squad/types.ts'

const isWordPart = (character: string): boolean => /[\p{L}\p{M}\p{N}]/u.test(character)

/** Describes what is suspicious about a correctly positioned answer; undefined if nothing is. */
export function oddity({ text, answer_start }: Answer, context: string): string | undefined {
  if (!/[^\s]/u.test(text)) return 'is only white space'
  if (text !== text.trim()) return 'starts or ends with white space'
  if (isInsideWord(context, answer_start) || isInsideWord(context, answer_start + text.length))
    return 'starts or ends inside a word'
  return undefined
}

/** Whether a position is between two characters of a word (letters, digits or marks). */
function isInsideWord(context: string, at: number): boolean {
  const before = [...context.slice(Math.max(0, at - 2), at)].at(-1)
  const after = context.codePointAt(at)
  return before !== undefined && after !== undefined && isWordPart(before) && isWordPart(String.fromCodePoint(after))
}

/** Shows an answer in brackets with the surrounding text. */
export function inItsPlace({ text, answer_start }: Answer, { context }: Example): string {
  const end = answer_start + text.length
  return `${context.slice(Math.max(0, answer_start - 20), answer_start)}[${text}]${context.slice(end, end + 20)}`
}
