/** Spans of a sentence that can be answers: names, numbers and noun phrases, found by the words around them. */

import { beginsPhrase, joinsNames, type Word } from './words.ts'

/** A span from the first to the last word, inclusive. */
export interface WordSpan {
  readonly first: number
  readonly last: number
}

const MAX_WORDS = 8

/**
 * Returns the names, the numbers and the phrases between function words and punctuation, longer spans first. A phrase
 * in lower case must follow an article, a preposition or the like, because otherwise it may contain a verb.
 */
export function answerSpans(text: string, words: readonly Word[]): WordSpan[] {
  const spans: WordSpan[] = []
  for (let first = 0; first < words.length; ) {
    if (words[first].kind === 'function') {
      first++
      continue
    }
    const last = endOfRun(words, first)
    const run = { first, last }
    if (isPhrase(words, run)) spans.push(run)
    first = last + 1
  }
  for (const name of namesIn(words)) if (!spans.some((span) => isSame(span, name))) spans.push(name)
  return spans
    .filter((span) => span.last - span.first < MAX_WORDS && isComplete(text, words, span))
    .sort((a, b) => b.last - b.first - (a.last - a.first) || a.first - b.first)
}

/**
 * Whether a span is not part of a longer expression, unlike the first year in `1637–1642` or `Bank` in `Bank of
 * England`.
 */
function isComplete(text: string, words: readonly Word[], { first, last }: WordSpan): boolean {
  const [start, end] = [words[first].start, words[last].end]
  const isSeparate =
    /^$|[\s"'“‘«(]$/.test(text.slice(Math.max(0, start - 1), start)) &&
    /^(?:$|\s|[.,;:!?)"'”’»](?![\p{L}\p{N}]))/u.test(text.slice(end, end + 2))
  const [link, name] = words.slice(last + 1)
  const continues = words[last].kind === 'name' && link?.isJoined && joinsNames(link.key) && name?.kind === 'name'
  return isSeparate && !continues
}

const isSame = (a: WordSpan, b: WordSpan): boolean => a.first === b.first && a.last === b.last

/** Returns the words of a span as a key, to find the span elsewhere. */
export const spanKey = (words: readonly Word[], { first, last }: WordSpan): string =>
  words
    .slice(first, last + 1)
    .map(({ key }) => key)
    .join(' ')

function endOfRun(words: readonly Word[], first: number): number {
  let last = first
  while (last + 1 < words.length && words[last + 1].kind !== 'function' && words[last + 1].isJoined) last++
  return last
}

function isPhrase(words: readonly Word[], { first, last }: WordSpan): boolean {
  const before = words[first - 1]
  const isIntroduced = before !== undefined && words[first].isJoined && beginsPhrase(before.key)
  if (first === last && words[first].kind === 'number') return isDistinctive(words[first].key)
  if (words[first].kind !== 'common') return true
  return isIntroduced && words[last].key.length > 3 && !isVerbForm(words, { first, last })
}

/** A single word with the ending of a participle is rarely an answer. */
const isVerbForm = (words: readonly Word[], { first, last }: WordSpan): boolean =>
  first === last && /(?:ed|ing)$/.test(words[first].key)

/** Whether a number is distinctive. Small numbers occur in many places for different reasons. */
const isDistinctive = (key: string): boolean => key.replace(/\D/g, '').length > 2 || /[$€£¥%.,:]|\p{L}/u.test(key)

/** Runs of capitalized words and of numbers beside them, as in `University of Oxford` or `3 March 1923`. */
function* namesIn(words: readonly Word[]): Generator<WordSpan> {
  const isPart = (i: number) => words[i]?.kind === 'name' || words[i]?.kind === 'number'
  for (let first = 0; first < words.length; first++) {
    if (!isPart(first) || (first > 0 && words[first].isJoined && isPart(first - 1))) continue
    let last = first
    for (;;) {
      let next = last + 1
      while (next < words.length && next - last <= 2 && words[next].isJoined && joinsNames(words[next].key)) next++
      const isLink = next - last > 1 && words[last].kind === 'name' && words[next]?.kind === 'name'
      if (!isPart(next) || !words[next].isJoined || (next - last > 1 && !isLink)) break
      last = next
    }
    const span = { first, last }
    if (first < last || words[first].kind === 'name' || isDistinctive(words[first].key)) yield span
    first = last
  }
}
