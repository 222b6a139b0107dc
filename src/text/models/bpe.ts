import { SpanforgeError } from '../../errors.ts'
import { showValue } from '../../show-value.ts'
import { bytePlaces, byteToken, utf8Bytes, utf8Length } from '../characters/byte-level.ts'
import { MergeQueue } from './merge-queue.ts'
import { MergeTable } from './merge-table.ts'
import { consecutive, type Model, type Pieces } from './pieces.ts'
import { stableTokens } from './stable-tokens.ts'
import { Symbols } from './symbols.ts'

/** The settings of a BPE model, as in `model` of tokenizer.json. */
export interface BpeModel {
  readonly type: 'BPE'
  /** Pairs of tokens that are merged, in the order in which they were learned. */
  readonly merges: readonly (readonly [string, string])[]
  /** The token for characters that are not in the vocabulary. If it is null, such characters produce no token. */
  readonly unk_token: string | null
  /** Prefix of every character of a word except the first. */
  readonly continuing_subword_prefix: string | null
  /** Suffix of the last character of a word. */
  readonly end_of_word_suffix: string | null
  /** Whether consecutive unknown characters become one token. */
  readonly fuse_unk: boolean
  /**
   * Whether an unknown character becomes tokens for its bytes, such as `<0x0A>`, if all of them are in the vocabulary.
   */
  readonly byte_fallback: boolean
  /** Whether a word in the vocabulary becomes that token, regardless of the merges. */
  readonly ignore_merges: boolean
}

/** Words of at most this many characters are merged without a queue. */
const SHORT = 32
const NO_MERGE = 2 ** 31 - 1

/**
 * Byte-pair encoding (Sennrich et al. 2016): merges characters pair by pair, in the order in which the pairs were
 * learned.
 */
export class Bpe implements Model {
  /** For each UTF-16 unit, its token if that does not depend on its position in a word, otherwise -1. */
  private readonly units: Int32Array
  /** 1 for each token that a word with the same spelling becomes. */
  private readonly whole: Uint8Array
  private readonly merges: MergeTable
  private readonly queue = new MergeQueue()
  private readonly symbols = new Symbols()
  /** For each symbol of a short word, the rank of its merge with the next symbol, or NO_MERGE. */
  private readonly ranks = new Int32Array(SHORT)
  /** If not, `mergeQueued` may still merge a pair of which one symbol has changed, and short words need the queue too. */
  private readonly mergesAreDistinct: boolean
  private readonly byteTokens: readonly (number | undefined)[]
  private readonly unknown: number | undefined

  constructor(
    private readonly vocabulary: ReadonlyMap<string, number>,
    private readonly model: BpeModel,
  ) {
    const prefix = model.continuing_subword_prefix?.length ?? 0
    this.merges = new MergeTable(model.merges.length)
    for (const [rank, [first, second]] of model.merges.entries())
      this.merges.add(this.idIn(first, rank), this.idIn(second, rank), this.idIn(first + second.slice(prefix), rank))
    this.mergesAreDistinct = this.merges.hasDistinctResults
    this.units = unitTokens(vocabulary, model)
    this.whole = wholeTokens(vocabulary, model, this.merges)
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
    const token = this.vocabulary.get(word)
    if (token !== undefined && this.whole[token] === 1) return consecutive([token], [word.length])
    if (this.spell(word)) {
      this.merge()
      return this.consecutivePieces()
    }
    this.spellInBytes(word)
    this.merge()
    return this.placedPieces(word)
  }

  /**
   * Creates a symbol for each character, with its length in UTF-16 units. Returns false if a character has no token.
   */
  private spell(word: string): boolean {
    const { symbols } = this
    symbols.clear()
    for (let at = 0; at < word.length; ) {
      const unit = this.units[word.charCodeAt(at)]
      if (unit >= 0) {
        symbols.push(unit, 1)
        at++
        continue
      }
      const next = at + (word.codePointAt(at)! > 0xffff ? 2 : 1)
      const id = this.vocabulary.get(this.written(word, at, next))
      if (id === undefined) return false
      symbols.push(id, next - at)
      at = next
    }
    return true
  }

  /** Returns the spelling in the vocabulary of the character `[start, end)` of a word. */
  private written(word: string, start: number, end: number): string {
    const { continuing_subword_prefix: prefix, end_of_word_suffix: suffix } = this.model
    let written = word.slice(start, end)
    if (prefix && start > 0) written = prefix + written
    if (suffix && end === word.length) written += suffix
    return written
  }

  /** Creates the symbols of a word that contains characters without a token. Lengths are in UTF-8 bytes. */
  private spellInBytes(word: string): void {
    const { symbols } = this
    const { byte_fallback, fuse_unk, unk_token } = this.model
    symbols.clear()
    let unknownBytes = 0
    const endUnknown = (): void => {
      if (unknownBytes > 0) symbols.push(this.unknown!, unknownBytes)
      unknownBytes = 0
    }
    for (let at = 0; at < word.length; ) {
      const codePoint = word.codePointAt(at)!
      const next = at + (codePoint > 0xffff ? 2 : 1)
      const written = this.written(word, at, next)
      at = next
      const length = utf8Length(codePoint)
      const id = this.vocabulary.get(written)
      if (id !== undefined) {
        endUnknown()
        symbols.push(id, length)
        continue
      }
      // As in the tokenizers library, bytes come before unknown characters that are not yet written.
      const fallback = byte_fallback ? this.bytesOf(written) : undefined
      if (fallback) for (const byte of fallback) symbols.push(byte, 1)
      else if (unk_token !== null) {
        if (this.unknown === undefined) throw noUnknown(written, unk_token)
        if (!fuse_unk) endUnknown()
        unknownBytes += length
      }
    }
    endUnknown()
  }

  /** Returns the tokens for the bytes of a text if there are tokens for all of them. */
  private bytesOf(text: string): number[] | undefined {
    const ids = Array.from(utf8Bytes(text), (byte) => this.byteTokens[byte])
    return ids.includes(undefined) ? undefined : (ids as number[])
  }

  /** Merges adjacent symbols until no pair can be merged: lowest rank first, and leftmost first for equal ranks. */
  private merge(): void {
    if (this.mergesAreDistinct && this.symbols.size <= SHORT) this.mergeShort()
    else this.mergeQueued()
  }

  private mergeShort(): void {
    const { merges, ranks, symbols } = this
    const { size } = symbols
    for (let at = 0; at < size; at++) ranks[at] = this.rankAt(at, at + 1)
    for (;;) {
      let lowest = NO_MERGE
      let place = -1
      for (let at = 0; at < size; at++) {
        if (ranks[at] >= lowest) continue
        lowest = ranks[at]
        place = at
      }
      if (place < 0) return
      ranks[symbols.placeAfter(place)] = NO_MERGE
      symbols.join(place, merges.resultOf(lowest))
      const before = symbols.placeBefore(place)
      if (before >= 0) ranks[before] = this.rankAt(before, place)
      ranks[place] = this.rankAt(place, symbols.placeAfter(place))
    }
  }

  private rankAt(left: number, right: number): number {
    const { merges, symbols } = this
    const rank = right < symbols.size ? merges.rankOf(symbols.idAt(left), symbols.idAt(right)) : -1
    return rank < 0 ? NO_MERGE : rank
  }

  private mergeQueued(): void {
    const { merges, queue, symbols } = this
    for (let at = 0; at + 1 < symbols.size; at++) this.offer(at, at + 1)
    while (!queue.isEmpty) {
      const { rank, at } = queue.pop()
      const next = symbols.placeAfter(at)
      // A pair stays in the queue when one of its symbols changes. As in the tokenizers library, it is still merged if
      // the symbols that are there now become the same token.
      if (symbols.idAt(at) < 0 || next >= symbols.size) continue
      const id = merges.resultOf(rank)
      const present = merges.rankOf(symbols.idAt(at), symbols.idAt(next))
      if (present < 0 || merges.resultOf(present) !== id) continue
      symbols.join(at, id)
      this.offer(symbols.placeBefore(at), at)
      this.offer(at, symbols.placeAfter(at))
    }
  }

  /** Queues two adjacent symbols if they can be merged. */
  private offer(left: number, right: number): void {
    const { merges, queue, symbols } = this
    if (left < 0 || right >= symbols.size) return
    const rank = merges.rankOf(symbols.idAt(left), symbols.idAt(right))
    if (rank >= 0) queue.push(rank, left)
  }

  private consecutivePieces(): Pieces {
    const { symbols } = this
    const ids: number[] = []
    const ends: number[] = []
    let end = 0
    for (let at = 0; at < symbols.size; at = symbols.placeAfter(at)) {
      end += symbols.lengthAt(at)
      ids.push(symbols.idAt(at))
      ends.push(end)
    }
    return consecutive(ids, ends)
  }

  /**
   * Returns the positions of consecutive tokens. Characters without a token are not counted, so all later tokens are
   * shifted to the left, as in the tokenizers library.
   */
  private placedPieces(word: string): Pieces {
    const { symbols } = this
    const places = bytePlaces(word)
    const ids: number[] = []
    const starts: number[] = []
    const ends: number[] = []
    let byte = 0
    for (let at = 0; at < symbols.size; at = symbols.placeAfter(at)) {
      ids.push(symbols.idAt(at))
      starts.push(places.starts[byte] ?? word.length)
      byte += symbols.lengthAt(at)
      ends.push(places.ends[byte - 1] ?? word.length)
    }
    return { ids, starts, ends }
  }
}

/** Whether the spelling of a character in the vocabulary does not depend on its position in a word. */
const writesAlike = ({ continuing_subword_prefix, end_of_word_suffix }: BpeModel): boolean =>
  !continuing_subword_prefix && !end_of_word_suffix

function unitTokens(vocabulary: ReadonlyMap<string, number>, model: BpeModel): Int32Array {
  const units = new Int32Array(0x10000).fill(-1)
  if (!writesAlike(model)) return units
  for (const [token, id] of vocabulary)
    if (token.length === 1 && !/[\ud800-\udfff]/.test(token)) units[token.charCodeAt(0)] = id
  return units
}

function wholeTokens(vocabulary: ReadonlyMap<string, number>, model: BpeModel, merges: MergeTable): Uint8Array {
  let size = 0
  const characters: number[] = []
  for (const [token, id] of vocabulary) {
    size = Math.max(size, id + 1)
    if (token.length === String.fromCodePoint(token.codePointAt(0) ?? 0).length) characters.push(id)
  }
  if (model.ignore_merges) return new Uint8Array(size).fill(1)
  return writesAlike(model) ? stableTokens(merges, characters, size) : new Uint8Array(size)
}

const noUnknown = (character: string, unk_token: string): SpanforgeError =>
  new SpanforgeError(
    `tokenizer: the vocabulary cannot spell ${showValue(character, 60)} and has no unk_token ${showValue(unk_token, 60)}`,
    { remedy: 'Use the vocabulary that the model was trained with.' },
  )
