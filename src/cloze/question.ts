/** Turns a sentence without its answer into a question. */

import type { WordSpan } from './spans.ts'
import type { Word } from './words.ts'

/** A sentence with one of its spans as the answer. */
export interface MaskedSentence extends WordSpan {
  readonly text: string
  readonly words: readonly Word[]
}

/** Returns the sentence with the mask in place of the answer. */
export function clozeQuestion({ text, words, first, last }: MaskedSentence, mask: string): string {
  return oneLine(`${text.slice(0, words[first].start)}${mask}${text.slice(words[last].end)}`)
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim()

/** Minimum and maximum number of words, without the answer, of a clause that can become a question. */
const [MIN_WORDS, MAX_WORDS] = [6, 25]

const CONJUNCTION = /^(?:and|or|but|nor|so|&)$/
/**
 * Text that cannot follow a question word in place of the answer, because it continues a list or begins another clause.
 */
const NO_CONTINUATION = /^\s*(?:[^\s\p{L}\p{N}]|(?:and|or|but|nor|who|whom|whose|which|that|where|when|although|as)\b)/u
/** Words with which a clause depends on the one before. */
const DEPENDENT =
  /^\s*(?:and|but|so|or|which|who|whom|whose|where|when|that|although|though|because|while|whereas|if|unless|as|with|including|followed|such)\b/i
const OPENING =
  /^(?:However|Nevertheless|Nonetheless|Moreover|Furthermore|Additionally|In addition|In fact|Also|Concurrently|Then|Therefore|Thus|Hence|Meanwhile|Instead|Consequently|Finally|Initially|First|Firstly|Second|Secondly|For example|For instance|As a result), /

/**
 * Turns the sentence into a question: the question word comes first if the clause allows it, otherwise it takes the
 * place of the answer.
 */
export const whQuestion = (sentence: MaskedSentence): string => questionInOrder(sentence) ?? questionInPlace(sentence)

/**
 * Returns the question word, the text after the answer and the text before it (Fabbri et al. 2020), within a clause.
 * Undefined if the result would not be a question: for an item of a list, or an incomplete clause.
 */
function questionInOrder(sentence: MaskedSentence): string | undefined {
  const { text, words, first, last } = sentence
  const { from, to } = clauseAround(sentence)
  const left = words.filter(({ start, end }) => start >= from && end <= to).length - (last - first + 1)
  const after = text.slice(words[last].end, to).replace(CLOSING, '')
  const isItem = words[first].start > from && (!words[first].isJoined || CONJUNCTION.test(words[first - 1].key))
  if (left < MIN_WORDS || left > MAX_WORDS || isItem || NO_CONTINUATION.test(after) || DEPENDENT.test(text.slice(from)))
    return undefined
  const { kind } = words[first]
  const next = words[last + 1]
  // A name before a noun, as in `on Apollo missions`.
  if (kind === 'name' && words[first].start > from && next?.isJoined && next.kind === 'common') return undefined
  const { word, dropped } = questionWord(sentence)
  const before = text.slice(from, words[first - dropped]?.start ?? 0).replace(/[\s,("'“‘]+$/, '')
  const start = from === 0 ? withoutCapital(before.replace(OPENING, ''), words) : before
  const question = oneLine(`${[word, after, start].filter((part) => part.trim() !== '').join(' ')}?`)
  const isQuoted = (question.match(/["“”]/g)?.length ?? 0) % 2 === 1
  return isQuoted ? undefined : question
}

/** Marks at the end of a sentence or a clause. */
const CLOSING = /[\s,;:.!?…"'”’)]+$/

/** Returns a question in the order of the sentence, such as "The store was founded in what year in Paris?" */
function questionInPlace({ text, words, first, last }: MaskedSentence): string {
  const answer = words.slice(first, last + 1)
  const isDate = answer.some(({ key }) => MONTH.test(key))
  const isYear = answer.length === 1 && YEAR.test(answer[0].key)
  const number = /^[$€£¥]|%$/.test(answer[0].key) ? 'how much' : 'how many'
  const word = isDate ? 'what date' : isYear ? 'what year' : answer[0].kind === 'number' ? number : 'what'
  const dropped = first > 0 && words[first].isJoined && ARTICLE.test(words[first - 1].key) ? 1 : 0
  const asked = `${text.slice(0, words[first - dropped].start)}${word}${text.slice(words[last].end)}`
  return oneLine(`${asked.slice(0, 1).toUpperCase()}${asked.slice(1).replace(/[.!?…]+(["'”’)]*)$/, '$1')}?`)
}

/** Matches the end of a clause before another one. */
const BOUNDARY =
  /[;:()—]\s*|\s[–-]\s|,\s(?:(?=(?:and|but|so|or|which|who|whom|where|when|although|though|because|while|whereas|if|unless|as|with)\b)|(?=(?:including|followed|such)\b))/g

function clauseAround({ text, words, first, last }: MaskedSentence): { from: number; to: number } {
  let [from, to] = [0, text.length]
  for (const { index, 0: found } of text.matchAll(BOUNDARY)) {
    if (index + found.length <= words[first].start) from = index + found.length
    else if (index >= words[last].end) to = Math.min(to, index)
  }
  return { from, to }
}

/** Returns the text with a small first letter, unless it begins with a name. */
const withoutCapital = (text: string, words: readonly Word[]): string =>
  words[0].kind === 'name' || words[0].start > 0 ? text : text.slice(0, 1).toLowerCase() + text.slice(1)

const MONTH = /^(?:january|february|march|april|may|june|july|august|september|october|november|december)$/
const YEAR = /^(?:1\d{3}|20\d\d)s?$/
const ARTICLE = /^(?:an?|the)$/
const BEFORE_YEARS = /^(?:in|on|since|during|by|until|from|after|before|between)$/
const PERSON = /^(?:said|says|wrote|born|died|married|believed|argued|performed|his|her|who|he|she|himself|herself)$/

/** Chooses the question word, and how many words before the answer it replaces: an article or a preposition. */
function questionWord({ words, first, last }: MaskedSentence): { word: string; dropped: number } {
  const before = (words[first].isJoined && words[first - 1]?.key) || ''
  const answer = words.slice(first, last + 1)
  const isYear = answer.length === 1 && YEAR.test(answer[0].key) && BEFORE_YEARS.test(before)
  if (isYear || answer.some(({ key }) => MONTH.test(key)))
    return { word: 'When', dropped: /^(?:in|on|since|during|by)$/.test(before) ? 1 : 0 }
  if (answer[0].kind === 'number')
    return { word: /^[$€£¥]|%$/.test(answer[0].key) ? 'How much' : 'How many', dropped: 0 }
  if (answer.every(({ kind }) => kind !== 'common')) {
    if (/^(?:in|at|near)$/.test(before)) return { word: 'Where', dropped: 1 }
    if (words.slice(last + 1, last + 3).some(({ key }) => PERSON.test(key))) return { word: 'Who', dropped: 0 }
  }
  return { word: 'What', dropped: ARTICLE.test(before) ? 1 : 0 }
}
