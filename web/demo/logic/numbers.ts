/** The sign stays with its number: the space before it does not break. */
export const percent = (share: number): string =>
  `${share > 0 && share < 0.005 ? '<1' : Math.round(100 * share)}\u00a0%`

export const count = (number: number): string => number.toLocaleString('en')

/** '1 word', '2 words'. */
export const counted = (number: number, noun: string): string => `${count(number)} ${noun}${number === 1 ? '' : 's'}`

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
