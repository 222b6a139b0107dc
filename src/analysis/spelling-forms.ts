import { answerTokens } from '../squad/metrics/normalize-answer.ts'
import { digitsOf } from './number-words.ts'

/**
 * Whether two answers differ only in spelling. In addition to the normalization of the SQuAD metrics, it ignores
 * accents ("Łódź", "Lodz"), number words and ordinals ("four", "4"), "%" and "per cent", hyphens and spaces
 * ("re-entry", "re entry"), British and American spelling ("-ise", "-our"), and dots in abbreviations.
 */
export const isSameInOtherSpelling = (a: string, b: string): boolean => {
  const [left, right] = [plainSpelling(a), plainSpelling(b)]
  return left !== '' && left === right
}

function plainSpelling(text: string): string {
  const marked = text.replace(/%/g, ' percent ').replace(/&/g, ' and ')
  const tokens = answerTokens(
    marked
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .replace(/[-‐–—]/g, ' '),
  )
  const joined = tokens.map((token) => digitsOf(token) ?? respelled(token)).join('')
  return joined.replace(/percents?|percentage/g, 'percent')
}

const respelled = (token: string): string =>
  token
    .replace(/[łøđ]/g, (letter) => ({ ł: 'l', ø: 'o', đ: 'd' })[letter] as string)
    .replace(/is(e|ed|es|ing|ation)$/, 'iz$1')
    .replace(/our(s|ed|ing)?$/, 'or$1')
