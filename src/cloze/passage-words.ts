/** The sentences of passages with their words, and how strongly a word indicates the subject of a sentence. */

import { isProse, sentencesIn, type TextSentence } from './sentences.ts'
import { answerSpans, spanKey, type WordSpan } from './spans.ts'
import { stemOf, type Word, wordsOf } from './words.ts'

export interface ReadSentence extends TextSentence {
  /** Index among all sentences. */
  readonly index: number
  /** Index of the passage. */
  readonly passage: number
  readonly words: readonly Word[]
  /** Stems of the words that are not function words. */
  readonly stems: ReadonlySet<string>
  /** Whether it is prose that occurs only once here. Other sentences are neither questions nor contain answers. */
  readonly isUsed: boolean
}

/** A span of a sentence that occurs in other sentences too. */
export interface Occurrence extends WordSpan {
  readonly sentence: ReadSentence
}

export interface ReadPassages {
  readonly sentences: readonly ReadSentence[]
  /** Indices of the first sentence of each passage, and the number of all sentences at the end. */
  readonly starts: readonly number[]
}

/** Removes what numbers change in a sentence, such as page numbers, so that repetitions are recognized. */
export const withoutNumbers = (text: string): string => text.toLowerCase().replace(/\d+/g, '0').replace(/\s+/g, ' ')

export function readPassages(passages: readonly string[]): ReadPassages {
  const found = passages.map((text) => sentencesIn(text))
  const common = new Set<string>()
  const names = new Set<string>()
  const counts = new Map<string, number>()
  for (const { text } of found.flat()) {
    for (const { start, end, key } of wordsOf(text).slice(1))
      (/\p{Lu}/u.test(text.slice(start, end)) ? names : common).add(key)
    const key = withoutNumbers(text)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const sentences: ReadSentence[] = []
  const starts = [0]
  for (const [passage, own] of found.entries()) {
    for (const { start, text } of own) {
      const words = wordsOf(text, (key) => names.has(key) && !common.has(key))
      const stems = new Set(words.filter(({ kind }) => kind !== 'function').map(({ key }) => stemOf(key)))
      const isUsed = counts.get(withoutNumbers(text)) === 1 && isProse(text, words)
      sentences.push({ index: sentences.length, passage, start, text, words, stems, isUsed })
    }
    starts.push(sentences.length)
  }
  return { sentences, starts }
}

/** A span that occurs in a larger share of the sentences is the subject of the whole text, and makes a poor answer. */
const FREQUENT_SHARE = 0.2

/**
 * Finds the spans that occur in several sentences, by their words. Where several begin or end within each other, only the
 * longest recurring one counts, as in the maximal spans of Ram et al. (2021).
 */
export function recurringSpans(sentences: readonly ReadSentence[]): Map<string, Occurrence[]> {
  const all = new Map<string, Occurrence[]>()
  const used = sentences.filter(({ isUsed }) => isUsed)
  const spansOf = used.map(({ text, words }) =>
    answerSpans(text, words).map((span) => ({ ...span, key: spanKey(words, span) })),
  )
  for (const [i, sentence] of used.entries())
    for (const { first, last, key } of spansOf[i]) {
      const others = all.get(key)
      if (!others) all.set(key, [{ sentence, first, last }])
      else if (others.at(-1)!.sentence !== sentence) others.push({ sentence, first, last })
    }
  const max = Math.max(8, FREQUENT_SHARE * used.length)
  const isRecurring = (key: string) => {
    const { length } = all.get(key)!
    return length > 1 && length <= max
  }
  const recurring = new Map<string, Occurrence[]>()
  for (const [i, sentence] of used.entries()) {
    const kept: WordSpan[] = []
    for (const { first, last, key } of spansOf[i]) {
      if (!isRecurring(key) || kept.some((longer) => longer.first <= last && first <= longer.last)) continue
      kept.push({ first, last })
      const others = recurring.get(key)
      if (others) others.push({ sentence, first, last })
      else recurring.set(key, [{ sentence, first, last }])
    }
  }
  for (const [key, { length }] of recurring) if (length < 2) recurring.delete(key)
  return recurring
}

/** Returns a function for the inverse document frequency of a stem: how strongly it indicates the subject of a sentence. */
export function weightOfStems(sentences: readonly ReadSentence[]): (stem: string) => number {
  const counts = new Map<string, number>()
  for (const { stems } of sentences) for (const stem of stems) counts.set(stem, (counts.get(stem) ?? 0) + 1)
  return (stem) => Math.log((sentences.length + 1) / ((counts.get(stem) ?? 0) + 0.5))
}
