import type { Example } from './types.ts'

/** Paragraphs around the one that a question belongs to. */
const AROUND = 8

/**
 * The same questions, each asked about a longer text: its own context among the eight nearest other ones of the data,
 * in their order, separated by blank lines. The own context is the first in one question, the second in the next, and
 * so on. `indices` says which questions. Empty where there are no other contexts.
 */
export function inLongTexts(
  examples: readonly Example[],
  indices: readonly number[],
): { readonly index: number; readonly example: Example }[] {
  const contexts = [...new Set(examples.map(({ context }) => context))]
  if (contexts.length === 1) return []
  const places = new Map(contexts.map((context, place) => [context, place]))
  const size = Math.min(AROUND + 1, contexts.length)
  return indices.map((index, turn) => {
    const example = examples[index]
    const own = places.get(example.context)!
    const first = Math.max(0, Math.min(contexts.length - size, own - (turn % size)))
    const before = contexts.slice(first, own).map((context) => `${context}\n\n`)
    const shift = before.join('').length
    const context = contexts.slice(first, first + size).join('\n\n')
    const answers = example.answers.map(({ text, answer_start }) => ({ text, answer_start: answer_start + shift }))
    return { index, example: { ...example, context, answers } }
  })
}

/** `count` of the numbers below `total`, evenly spaced; all of them where there are no more. */
export const evenlySpaced = (total: number, count: number): number[] =>
  Array.from({ length: Math.min(total, count) }, (_, i) => Math.floor((i * total) / Math.min(total, count)))
