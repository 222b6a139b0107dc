/** Words of a text as a flat array of UTF-16 starts and ends in order: `[s0, e0, s1, e1, ...]`. */
import type { Encoding } from '../../text/encoding.ts'

/** The words that a tokenizer found in a text, from its encoding: `wordRanges(tokenizer.encode(context))`. */
export function wordRanges({ wordIds, offsets }: Pick<Encoding, 'wordIds' | 'offsets'>): Int32Array {
  const ranges: number[] = []
  for (let token = 0; token < wordIds.length; token++) {
    if (wordIds[token] !== wordIds[token - 1]) ranges.push(offsets[2 * token], offsets[2 * token + 1])
    else ranges[ranges.length - 1] = offsets[2 * token + 1]
  }
  return Int32Array.from(ranges)
}

/** Start and end of the word that contains the character at `index`; undefined between words. */
export function wordAt(words: Int32Array, index: number): readonly [start: number, end: number] | undefined {
  const word = firstEndingAfter(words, index)
  return words[2 * word] <= index ? [words[2 * word], words[2 * word + 1]] : undefined
}

/**
 * Where the word ends that contains the token from `start` to `end`; undefined for a token between words. An empty token is
 * a trimmed space: a word of its own, or the beginning of the word after it.
 */
export function endOfWord(words: Int32Array, start: number, end: number): number | undefined {
  if (start < end) return wordAt(words, end - 1)?.[1]
  const previous = firstEndingAfter(words, end) - 1
  return words[2 * previous] === end ? end : wordAt(words, end)?.[1]
}

function firstEndingAfter(words: Int32Array, index: number): number {
  let low = 0
  let high = words.length / 2
  while (low < high) {
    const middle = (low + high) >> 1
    if (words[2 * middle + 1] <= index) low = middle + 1
    else high = middle
  }
  return low
}
