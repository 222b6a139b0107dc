export { count, counted } from '../../../src/report/format.ts'

/** The sign stays with its number: the space before it does not break. */
export const percent = (share: number): string =>
  `${share > 0 && share < 0.005 ? '<1' : Math.round(100 * share)}\u00a0%`

/** How many words, roughly as people count them. */
export function wordsIn(text: string): number {
  let words = 0
  let between = true
  for (let i = 0; i < text.length; i++) {
    const isSpace = text.charCodeAt(i) <= 32 || text[i] === '\u00a0'
    if (between && !isSpace) words++
    between = isSpace
  }
  return words
}
