import type { Answer, Example } from '../squad/types.ts'

const isWordPart = (character: string): boolean => /[\p{L}\p{M}\p{N}]/u.test(character)

/** What is odd about an answer that stands where it says; undefined where nothing is. */
export function oddity({ text, answer_start }: Answer, context: string): string | undefined {
  if (!/[^\s]/u.test(text)) return 'is white space alone'
  if (text !== text.trim()) return 'begins or ends with white space'
  if (isInsideWord(context, answer_start) || isInsideWord(context, answer_start + text.length))
    return 'begins or ends within a word'
  return undefined
}

/** Between two characters of a word: letters, digits, marks. */
function isInsideWord(context: string, at: number): boolean {
  const before = [...context.slice(Math.max(0, at - 2), at)].at(-1)
  const after = context.codePointAt(at)
  return before !== undefined && after !== undefined && isWordPart(before) && isWordPart(String.fromCodePoint(after))
}

/** An answer in what stands around it, with brackets where it begins and ends. */
export function inItsPlace({ text, answer_start }: Answer, { context }: Example): string {
  const end = answer_start + text.length
  return `${context.slice(Math.max(0, answer_start - 20), answer_start)}[${text}]${context.slice(end, end + 20)}`
}
