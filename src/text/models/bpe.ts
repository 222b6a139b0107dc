import { SpanforgeError } from '../../errors.ts'
import { showValue } from '../../show-value.ts'
import { bytePlaces, byteToken, utf8Bytes, utf8Length } from '../characters/byte-level.ts'
import { MergeQueue } from './merge-queue.ts'
import { consecutive, type Model, type Pieces } from './pieces.ts'

/** The settings of a BPE model, as `model` of a tokenizer.json has them. */
export interface BpeModel {
  readonly type: 'BPE'
  /** Pairs of tokens that become one token, the earliest-learned first. */
  readonly merges: readonly (readonly [string, string])[]
  /** Stands for a character that the vocabulary does not have; null: such characters give no token. */
  readonly unk_token: string | null
  /** Written before every character but the first of a word. */
  readonly continuing_subword_prefix: string | null
  /** Written after the last character of a word. */
  readonly end_of_word_suffix: string | null
  /** Whether unknown characters that follow one another are one token. */
  readonly fuse_unk: boolean
  /** Whether an unknown character is written as tokens for its bytes, `<0x0A>`, if the vocabulary has all of them. */
  readonly byte_fallback: boolean
  /** Whether a word that the vocabulary has is that token, whatever the merges make of it. */
  readonly ignore_merges: boolean
}

/** What two neighbors become, and its rank: the lowest is merged first. */
interface Merge {
  readonly id: number
  readonly rank: number
}

/** Tokens of a word with the number of UTF-8 bytes that each has, from which places follow as in the tokenizers library. */
interface Symbols {
  readonly ids: number[]
  readonly bytes: number[]
}

/** Byte-pair encoding (Sennrich et al. 2016): characters merged pair by pair, in the order in which pairs were learned. */
export class Bpe implements Model {
  /** By the id of the first token, then by that of the second. */
  private readonly merges = new Map<number, Map<number, Merge>>()
  private readonly byteTokens: readonly (number | undefined)[]
  private readonly unknown: number | undefined

  constructor(
    private readonly vocabulary: ReadonlyMap<string, number>,
    private readonly model: BpeModel,
  ) {
    const prefix = model.continuing_subword_prefix?.length ?? 0
    for (const [rank, [first, second]] of model.merges.entries()) {
      const [left, right] = [this.idIn(first, rank), this.idIn(second, rank)]
      const following = this.merges.get(left) ?? new Map<number, Merge>()
      following.set(right, { id: this.idIn(first + second.slice(prefix), rank), rank })
      this.merges.set(left, following)
    }
    this.byteTokens = Array.from({ length: 256 }, (_, byte) => vocabulary.get(byteToken(byte)))
    this.unknown = model.unk_token === null ? undefined : vocabulary.get(model.unk_token)
  }

  private idIn(token: string, rank: number): number {
    const id = this.vocabulary.get(token)
    if (id !== undefined) return id
    throw new SpanforgeError(
      `tokenizer: merge ${rank + 1} needs token ${showValue(token, 60)}, which the vocabulary does not have`,
      { remedy: 'Download the files of the tokenizer again: vocabulary and merges must belong together.' },
    )
  }

  pieces(word: string): Pieces {
    const whole = this.model.ignore_merges ? this.vocabulary.get(word) : undefined
    if (whole !== undefined) return consecutive([whole], [word.length])
    const symbols = this.symbols(word)
    return placed(word, this.merge(symbols))
  }

  /** The tokens of a word's characters. */
  private symbols(word: string): Symbols {
    const { continuing_subword_prefix: prefix, end_of_word_suffix: suffix, byte_fallback, fuse_unk } = this.model
    const ids: number[] = []
    const bytes: number[] = []
    let unknownBytes = 0
    const push = (id: number, length: number): void => {
      ids.push(id)
      bytes.push(length)
    }
    const endUnknown = (): void => {
      if (unknownBytes > 0) push(this.unknown!, unknownBytes)
      unknownBytes = 0
    }
    for (let at = 0; at < word.length; ) {
      const codePoint = word.codePointAt(at)!
      const next = at + (codePoint > 0xffff ? 2 : 1)
      let written = word.slice(at, next)
      if (prefix && at > 0) written = prefix + written
      if (suffix && next === word.length) written += suffix
      at = next
      const length = utf8Length(codePoint)
      const id = this.vocabulary.get(written)
      if (id !== undefined) {
        endUnknown()
        push(id, length)
        continue
      }
      // As in the tokenizers library, bytes come before unknown characters that are not yet written.
      const fallback = byte_fallback ? this.bytesOf(written) : undefined
      if (fallback) for (const byte of fallback) push(byte, 1)
      else if (this.model.unk_token !== null) {
        if (this.unknown === undefined) throw noUnknown(written, this.model.unk_token)
        if (!fuse_unk) endUnknown()
        unknownBytes += length
      }
    }
    endUnknown()
    return { ids, bytes }
  }

  /** The tokens for the bytes of a text, if there are tokens for all of them. */
  private bytesOf(text: string): number[] | undefined {
    const ids = Array.from(utf8Bytes(text), (byte) => this.byteTokens[byte])
    return ids.includes(undefined) ? undefined : (ids as number[])
  }

  private mergeOf(first: number, second: number): Merge | undefined {
    return this.merges.get(first)?.get(second)
  }

  /** Merges neighbors until no pair can be merged, lowest rank first, of equal ranks the one further left. */
  private merge({ ids, bytes }: Symbols): Symbols {
    const { length } = ids
    const before = Int32Array.from(ids, (_, i) => i - 1)
    const after = Int32Array.from(ids, (_, i) => i + 1)
    const queue = new MergeQueue()
    const offer = (at: number): void => {
      if (at < 0 || after[at] >= length) return
      const merge = this.mergeOf(ids[at], ids[after[at]])
      if (merge) queue.push({ ...merge, at })
    }
    for (let at = 0; at < length; at++) offer(at)
    for (let next = queue.pop(); next; next = queue.pop()) {
      const { id, at } = next
      const right = after[at]
      // A pair stays in the queue when one of its symbols changes. As in the tokenizers library, it is still merged if
      // the symbols that are there now become the same token.
      if (ids[at] === MERGED || right >= length) continue
      if (this.mergeOf(ids[at], ids[right])?.id !== id) continue
      ids[at] = id
      bytes[at] += bytes[right]
      ids[right] = MERGED
      after[at] = after[right]
      if (after[at] < length) before[after[at]] = at
      offer(before[at])
      offer(at)
    }
    return { ids: ids.filter((id) => id !== MERGED), bytes: bytes.filter((_, i) => ids[i] !== MERGED) }
  }
}

/** In place of a symbol that has become part of the one before. */
const MERGED = -1

/**
 * The places of tokens that follow one another. Characters without a token are not counted, so that all tokens after
 * such a one are moved to the left, as in the tokenizers library.
 */
function placed(word: string, { ids, bytes }: Symbols): Pieces {
  const places = bytePlaces(word)
  const starts: number[] = []
  const ends: number[] = []
  let at = 0
  for (const length of bytes) {
    starts.push(places.starts[at] ?? word.length)
    at += length
    ends.push(places.ends[at - 1] ?? word.length)
  }
  return { ids, starts, ends }
}

const noUnknown = (character: string, unk_token: string): SpanforgeError =>
  new SpanforgeError(
    `tokenizer: the vocabulary cannot spell ${showValue(character, 60)} and has no unk_token ${showValue(unk_token, 60)}`,
    { remedy: 'Use the vocabulary that the model was trained with.' },
  )
