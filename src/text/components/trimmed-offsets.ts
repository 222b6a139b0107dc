/** Offsets without the whitespace that tokens begin and end with: `trim_offsets` of the tokenizers library. */

import { isWhitespace } from '../characters/unicode.ts'
import type { Encoding } from '../encoding.ts'
import type { TrimOffsets } from './post-processors.ts'

export class OffsetTrimmer {
  /** Number of whitespace characters at the beginning and end of each token of the vocabulary. */
  private readonly before: Int32Array
  private readonly after: Int32Array

  constructor(
    vocab: readonly (string | null)[],
    private readonly options: TrimOffsets,
  ) {
    this.before = new Int32Array(vocab.length)
    this.after = new Int32Array(vocab.length)
    for (let id = 0; id < vocab.length; id++) {
      this.before[id] = spacesBefore(vocab[id] ?? '')
      this.after[id] = spacesAfter(vocab[id] ?? '')
    }
  }

  /** `found`: what the added tokens in the text look like there, by their indices in its encoding. */
  trim(encoding: Encoding, found: ReadonlyMap<number, string>, text: string): Encoding {
    const { ids, offsets } = encoding
    const firstOffsets = this.options.add_prefix_space ? offsets.slice() : undefined
    for (let i = 0; i < ids.length; i++) {
      const matched = found.size > 0 ? found.get(i) : undefined
      const before = matched === undefined ? (this.before[ids[i]] ?? 0) : spacesBefore(matched)
      const after = matched === undefined ? (this.after[ids[i]] ?? 0) : spacesAfter(matched)
      if (before === 0 && after === 0) continue
      const keepsSpace = firstOffsets !== undefined && (i === 0 || offsets[2 * i] === 0)
      if (firstOffsets) trimRange(text, firstOffsets, i, before === 1 ? 0 : before, after)
      trimRange(text, offsets, i, before === 1 && keepsSpace ? 0 : before, after)
    }
    return firstOffsets ? { ...encoding, firstOffsets } : encoding
  }
}

/** Excludes whitespace at both ends of the range of token `i`. The range may become empty. */
function trimRange(text: string, offsets: Int32Array, i: number, before: number, after: number): void {
  const [start, end] = [offsets[2 * i], offsets[2 * i + 1]]
  const from = before > 0 ? Math.min(moved(text, start, before), end) : start
  offsets[2 * i] = from
  if (after > 0 && end >= after) offsets[2 * i + 1] = Math.max(moved(text, end, -after), from)
}

/** Returns the index a number of code points forward or backward. */
function moved(text: string, index: number, count: number): number {
  let at = index
  for (let left = count; left > 0; left--) at += text.codePointAt(at)! > 0xffff ? 2 : 1
  for (let left = count; left < 0 && at > 0; left++) at -= at > 1 && text.codePointAt(at - 2)! > 0xffff ? 2 : 1
  return at
}

/** U+0120 represents a space in byte-level vocabularies, and is treated as one in all others. */
const isSpace = (code: number): boolean => code === 0x120 || ((code <= 0x20 || code >= 0x7f) && isWhitespace(code))

function spacesBefore(token: string): number {
  let count = 0
  while (count < token.length && isSpace(token.charCodeAt(count))) count++
  return count
}

function spacesAfter(token: string): number {
  let count = 0
  while (count < token.length && isSpace(token.charCodeAt(token.length - 1 - count))) count++
  return count
}
