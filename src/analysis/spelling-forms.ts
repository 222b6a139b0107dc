import { answerTokens } from '../squad/metrics/metrics.ts'

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

/** English number words and their digits. Scales such as "million" are not included. */
const ONES = 'zero one two three four five six seven eight nine ten eleven twelve'.split(' ')
const TEENS = 'thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(' ')
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ')
const ORDINALS = 'zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth'.split(' ')

const digits = new Map<string, string>([
  ...[...ONES, ...TEENS].map((word, i): [string, string] => [word, String(i)]),
  ...TENS.map((word, i): [string, string] => [word, String(20 + 10 * i)]),
  ...ORDINALS.map((word, i): [string, string] => [word, ordinal(i)]),
])

/** Converts a lower-case number word: 'four' -> '4', 'third' -> '3rd'. Undefined for any other word. */
export const digitsOf = (word: string): string | undefined => digits.get(word)

function ordinal(n: number): string {
  const suffix = n > 10 && n < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th')
  return `${n}${suffix}`
}
