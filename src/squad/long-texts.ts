import type { Example } from './types.ts'

/** Number of paragraphs to add to a question's own context. */
const AROUND = 8

/**
 * Creates versions of the questions at `indices` with longer texts: the eight nearest contexts in the data are added to
 * a question's own context, in order and separated by blank lines. The position of the own context rotates from
 * question to question. Returns an empty list if there is only one context.
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

/** Up to `count` evenly spaced numbers below `total`. */
export const evenlySpaced = (total: number, count: number): number[] =>
  Array.from({ length: Math.min(total, count) }, (_, i) => Math.floor((i * total) / Math.min(total, count)))
