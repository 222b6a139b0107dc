import { digitsOf } from './spelling-forms.ts'

/** Kinds of answers, in the order in which `answerKind` checks for them. */
export const answerKinds = ['none', 'date', 'number', 'name', 'phrase'] as const

/** The kind of an answer, derived from its text alone. */
export type AnswerKind = (typeof answerKinds)[number]

const MONTH = /^(jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec)$|^(january|february|march|april|may|june|july)$/
const LATER_MONTH = /^(august|september|october|november|december)$/
const WEEKDAY = /^(mon|tues|wednes|thurs|fri|satur|sun)days?$/
const YEAR = /^(1\d{3}|20\d{2})(s|[-–]\d{2,4}s?)?$/
const CLOCK = /^\d{1,2}:\d{2}$/
const ERA = /^(century|centuries|bc|ad|bce|ce|spring|summer|autumn|winter)$/
/** Words that may occur in a date but do not make a text a date. */
const IN_DATES =
  /^(\d{1,4}(st|nd|rd|th)?|the|of|in|on|at|to|and|from|until|since|by|between|after|before|around|about|circa|c|late|early|mid|mid-|end|beginning|year|years|day|month|decade|am|pm|\w+th|first|second|third)$/

const QUALIFIER =
  /^(a|an|the|about|approximately|around|over|under|nearly|almost|roughly|some|only|just|up|to|at|least|most|more|less|fewer|than|between|us|c)$/
const NUMERAL = /^[$€£¥~#+±−-]*(us|a|c)?[$€£¥]?\d[\d.,:/×–-]*(%|°|[a-z]{1,3}\d?)?$/
/** Lower-case words that may occur in a name. */
const IN_NAMES =
  /^(a|an|the|of|and|in|on|at|for|to|by|with|de|la|le|les|du|des|del|di|da|von|van|der|den|zu|al|el|y|e|&)$/

/**
 * Determines the kind of an answer by the first matching rule. Punctuation around words is ignored.
 *
 * - none: the text is empty.
 * - date: all words may occur in a date, and at least one is a month, weekday, year (1000 to 2099), decade, time of
 *   day, season, century or era.
 * - number: the first word that is not a qualifier ("about", "more than") is a numeral or a number word.
 * - name: all words are capitalized, except small words such as "of" and "von".
 * - phrase: anything else.
 *
 * The rules are for English and are only heuristics: a single word at the start of a sentence looks like a name.
 */
export function answerKind(text: string): AnswerKind {
  const words = text.split(/\s+/).map(trimPunctuation).filter(Boolean)
  if (words.length === 0) return 'none'
  const lower = words.map((word) => word.toLowerCase())
  if (isDate(lower)) return 'date'
  if (isNumber(lower)) return 'number'
  if (isName(words, lower)) return 'name'
  return 'phrase'
}

const marksDate = (word: string): boolean =>
  [MONTH, LATER_MONTH, WEEKDAY, YEAR, CLOCK, ERA].some((pattern) => pattern.test(word))

const isDate = (words: readonly string[]): boolean =>
  words.some(marksDate) && words.every((word) => marksDate(word) || IN_DATES.test(word))

function isNumber(words: readonly string[]): boolean {
  const first = words.find((word) => !QUALIFIER.test(word))
  if (first === undefined) return false
  return NUMERAL.test(first) || first.split('-').every((part) => digitsOf(part) !== undefined)
}

function isName(words: readonly string[], lower: readonly string[]): boolean {
  const own = words.filter((_, i) => !IN_NAMES.test(lower[i]))
  return own.length > 0 && own.every((word) => /^[\p{Lu}\p{Lt}]/u.test(word))
}

const trimPunctuation = (word: string): string => word.replace(/^[\s"'“”‘’([{]+|[\s"'“”‘’)\]}.,;:!?]+$/gu, '')
