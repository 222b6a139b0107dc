import type { Answer } from '../types.ts'

/**
 * Spreadsheets reformat cells that look like numbers, dates or times: "1,450" becomes 1450, "March 5" becomes 5-Mar.
 */

/** Finds the same number, date or time in a context, in a different format. */
export function* sameValues(text: string, context: string): Generator<Answer> {
  const wanted = text.trim()
  if (wanted.length > 40 || !/\d/.test(wanted)) return
  yield* sameNumbers(wanted, context)
  yield* sameDates(wanted, context)
  yield* sameTimes(wanted, context)
  yield* sameAmounts(wanted, context)
}

const SCIENTIFIC = /^[-+]?\d(?:[.,](\d+))?E[-+]?\d+$/i
/** A number with optional separators and percent sign. */
const NUMBER_IN_TEXT = /(?<![\p{L}\d])[-−]?\d+(?:[.,'’\u00a0\u202f\u2009 ]\d+)*(?:\s?%)?(?![\p{L}\d])/gu

function* sameNumbers(wanted: string, context: string): Generator<Answer> {
  const scientific = SCIENTIFIC.exec(wanted)
  const values = scientific ? [Number(wanted.replace(',', '.'))] : readings(wanted)
  if (values.length === 0) return
  // Excel shortens long numbers to their first digits: 1.23E+12.
  const shown = (value: number) => (scientific ? value.toExponential(scientific[1]?.length ?? 0) : String(value))
  const wantedShown = new Set(values.map(shown))
  for (const { 0: written, index } of context.matchAll(NUMBER_IN_TEXT))
    for (const part of numberParts(written))
      if (readings(part).some((value) => wantedShown.has(shown(value))))
        yield { text: part, answer_start: index + written.indexOf(part) }
}

/** Splits at spaces too, because "5 600" may be one number or two. */
const numberParts = (written: string): string[] => [...new Set([written, ...written.split(/ (?=\d)/)])]

const THOUSANDS = [
  { pattern: /^\d+(?:\.\d+)?$/, group: '', point: '.' },
  { pattern: /^\d+,\d+$/, group: '', point: ',' },
  { pattern: /^\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?$/, group: ',', point: '.' },
  { pattern: /^\d{1,3}(?:\.\d{3})+(?:,\d+)?$/, group: '.', point: ',' },
  { pattern: /^\d{1,3}(?:['’\u00a0\u202f\u2009 ]\d{3})+(?:[.,]\d+)?$/, group: /['’\u00a0\u202f\u2009 ]/g, point: ',' },
] as const

/** The possible values of a number, depending on the style of thousands and decimal separators. */
function readings(written: string): number[] {
  const [, sign, digits, percent] = /^([-−+]?)(.*?)(\s?%)?$/u.exec(written) ?? []
  return THOUSANDS.filter(({ pattern }) => pattern.test(digits ?? '')).map(({ group, point }) => {
    const value = Number(digits.replaceAll(group, '').replace(point, '.')) * (sign === '-' || sign === '−' ? -1 : 1)
    return percent ? Number((value / 100).toPrecision(15)) : value
  })
}

const SIGN_BEFORE = /^\p{Sc}\s?/u
const SIGN_AFTER = /\s?\p{Sc}$/u

/** Finds amounts with the same currency sign: "$1,450.00" for "$1,450". */
function* sameAmounts(wanted: string, context: string): Generator<Answer> {
  const sign = /\p{Sc}/u.exec(wanted)?.[0]
  if (!sign) return
  for (const { text, answer_start } of sameNumbers(wanted.replace(SIGN_BEFORE, '').replace(SIGN_AFTER, ''), context)) {
    const before = /\p{Sc}\s?$/u.exec(context.slice(0, answer_start).slice(-2))?.[0] ?? ''
    const end = answer_start + text.length
    const after = before ? '' : (/^\s?\p{Sc}/u.exec(context.slice(end, end + 2))?.[0] ?? '')
    if ((before || after).trim() === sign)
      yield { text: before + text + after, answer_start: answer_start - before.length }
  }
}

const TIME = '(\\d{1,2})[:.](\\d{2})(?::(\\d{2}))?(?:\\s?([ap])\\.?m\\b\\.?)?'
const TIME_IN_TEXT = new RegExp(`(?<![\\p{L}\\d:.,])${TIME}(?![\\p{L}\\d:])`, 'giu')

function* sameTimes(wanted: string, context: string): Generator<Answer> {
  const parts = new RegExp(`^${TIME}$`, 'iu').exec(wanted)
  if (!parts || !wanted.includes(':')) return
  for (const found of context.matchAll(TIME_IN_TEXT))
    if (secondsOf(found) === secondsOf(parts)) yield { text: found[0], answer_start: found.index }
}

/** Seconds since midnight. */
function secondsOf([, hour, minute, second = '0', half]: RegExpExecArray): number {
  const hours = half ? (Number(hour) % 12) + (half.toLowerCase() === 'p' ? 12 : 0) : Number(hour)
  return (hours * 60 + Number(minute)) * 60 + Number(second)
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const MONTH =
  '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\\.?'
const DAY = '\\d{1,2}(?:st|nd|rd|th)?'
const YEAR = '(?:\\d{4}|\\d{2})'

/** Date formats with the possible orders of their parts. Formats with two parts come after those that contain them. */
const DATES: readonly (readonly [pattern: string, ...orders: string[]])[] = [
  ['(\\d{4})[-/.](\\d{1,2})[-/.](\\d{1,2})(?: 00:00:00)?', 'ymd'],
  [`(\\d{1,2})[-/.](\\d{1,2})[-/.](${YEAR})`, 'mdy', 'dmy'],
  [`(${DAY})[ -](?:of )?(${MONTH})[ -],? ?(${YEAR})`, 'dmy'],
  [`(${MONTH})[ -](${DAY}),? (${YEAR})`, 'mdy'],
  [`(${DAY})[ -](?:of )?(${MONTH})`, 'dm', 'ym'],
  [`(${MONTH})[ -](${DAY})`, 'md', 'my'],
  [`(${MONTH})[ -](${YEAR})`, 'my'],
  ['(\\d{1,2})[-/.](\\d{1,2})', 'md', 'dm'],
]
const PATTERNS = DATES.map(([pattern, ...orders]) => ({ pattern: `(?<![\\p{L}\\d])${pattern}(?![\\p{L}\\d])`, orders }))

function* sameDates(wanted: string, context: string): Generator<Answer> {
  const values = new Set(
    PATTERNS.flatMap(({ pattern, orders }) => {
      const parts = new RegExp(`^(?:${pattern})$`, 'iu').exec(wanted)
      return parts ? datesOf(parts, orders) : []
    }),
  )
  if (values.size === 0) return
  for (const { pattern, orders } of PATTERNS)
    for (const parts of context.matchAll(new RegExp(pattern, 'giu')))
      if (datesOf(parts, orders).some((date) => values.has(date))) yield { text: parts[0], answer_start: parts.index }
}

/** The possible dates of the parts in each order, as comparable keys. */
function datesOf([, ...parts]: RegExpExecArray, orders: readonly string[]): string[] {
  return orders.flatMap((order) => {
    const of = (unit: string) => (order.includes(unit) ? unitValue(unit, parts[order.indexOf(unit)]) : undefined)
    const [year, month, day] = [of('y'), of('m'), of('d')]
    if (month === undefined || month < 1 || month > 12 || (day !== undefined && (day < 1 || day > 31))) return []
    return [`y${year ?? ''} m${month} d${day ?? ''}`]
  })
}

function unitValue(unit: string, text: string): number {
  const month = MONTHS.indexOf(text.slice(0, 3).toLowerCase()) + 1
  if (month > 0) return month
  const value = Number.parseInt(text, 10)
  // Interprets two-digit years like spreadsheets do.
  return unit === 'y' && text.length === 2 ? value + (value < 30 ? 2000 : 1900) : value
}
