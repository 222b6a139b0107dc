export { count, counted } from '../../src/report/render/format.ts'

/** Formats a share as a percentage with a non-breaking space. */
export const percent = (share: number): string =>
  `${share > 0 && share < 0.005 ? '<1' : Math.round(100 * share)}\u00a0%`

/** The number of words, separated by whitespace. */
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
