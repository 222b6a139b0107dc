/** The sentences of a text, and whether they are prose. */

import { isFunctionWord, type Word, wordsOf } from './words.ts'

export interface TextSentence {
  /** UTF-16 offset in the text. */
  readonly start: number
  readonly text: string
}

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' })

/** Abbreviations and initials whose period does not end a sentence. */
const ABBREVIATION =
  /(?:^|[\s(["'])(?:\p{Lu}|(?:\p{L}\.)+\p{L}|Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|Gen|Col|Lt|Capt|Rev|Hon|Gov|Sen|Rep|vs|cf|ca|No|Nos|Fig|Figs|Eq|Sec|Ch|Vol|pp?|al|approx|Inc|Ltd|Co|Corp|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.\s*$/u

/** Splits text into sentences. Line breaks within a paragraph do not end a sentence, but empty lines do. */
export function sentencesIn(text: string): TextSentence[] {
  const sentences: TextSentence[] = []
  for (const { 0: paragraph, index } of text.matchAll(/(?:(?!\n[^\S\n]*\n)[\s\S])+/g)) {
    let from = 0
    let to = 0
    const end = () => {
      const part = paragraph.slice(from, to)
      const leading = part.length - part.trimStart().length
      if (part.trim() !== '') sentences.push({ start: index + from + leading, text: part.trim() })
      from = to
    }
    // The segmenter would take line breaks for the ends of paragraphs.
    for (const { segment } of segmenter.segment(paragraph.replaceAll('\n', ' '))) {
      to += segment.length
      if (!ABBREVIATION.test(segment)) end()
    }
    end()
  }
  return sentences
}

/** Minimum and maximum number of words of a sentence that can become a question. */
const [MIN_WORDS, MAX_WORDS] = [6, 40]

/** Characters of code, tables, formulas, and the dotted lines of a table of contents. */
const NO_PROSE = /[{}<>|=\\^~`]|\.{3,}|(?:\. ){3,}|…{2,}|_{2,}|https?:|\t|\s{4,}/g

/** Whether a sentence is prose rather than a heading, a line of a table or a list, code, or a line cut off. */
export function isProse(text: string, words: readonly Word[]): boolean {
  if (words.length < MIN_WORDS || words.length > MAX_WORDS) return false
  if (!/^["'“‘«(¿¡\p{Pd}]*[\p{Lu}\p{Lo}\p{N}]/u.test(text) || !/[.!?…]["'”’»)\]]*$/.test(text)) return false
  if ((text.match(NO_PROSE)?.length ?? 0) > 1) return false
  const numbers = words.filter(({ kind }) => kind === 'number').length
  const capitals = words.filter(({ kind }) => kind === 'name').length
  if (numbers > words.length / 3 || capitals > 0.7 * words.length) return false
  const letters = text.match(/\p{L}/gu)?.length ?? 0
  return letters > 0.6 * text.length && (text.match(/\p{Lu}/gu)?.length ?? 0) < letters / 2
}

/** Whether a text is English, judged by its most common words. */
export function isEnglish(text: string): boolean {
  const words = wordsOf(text)
  return words.filter(({ key }) => isFunctionWord(key)).length > 0.3 * words.length
}

const SPACELESS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Tibetan}]/gu

/** Whether a text is in a language that does not separate words by spaces, such as Chinese, Japanese or Thai. */
export function isWithoutSpaces(text: string): boolean {
  const letters = text.match(/\p{L}/gu)?.length ?? 0
  return letters > 0 && (text.match(SPACELESS)?.length ?? 0) > letters / 3
}
