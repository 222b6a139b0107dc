export const percent = (share: number): string => (share > 0 && share < 0.005 ? '<1 %' : `${Math.round(100 * share)} %`)

export const count = (number: number): string => number.toLocaleString('en')

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
