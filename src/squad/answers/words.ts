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
  let low = 0
  let high = words.length / 2
  while (low < high) {
    const middle = (low + high) >> 1
    if (words[2 * middle + 1] <= index) low = middle + 1
    else high = middle
  }
  return words[2 * low] <= index ? [words[2 * low], words[2 * low + 1]] : undefined
}
