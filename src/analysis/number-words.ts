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
