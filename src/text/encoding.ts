/** The tokens of a text, without added special tokens. */
export interface Encoding {
  /** Token ids, [tokens]. */
  readonly ids: Int32Array
  /** [2 * tokens]: token i is `text.slice(offsets[2 * i], offsets[2 * i + 1])`. */
  readonly offsets: Int32Array
  /**
   * [2 * tokens]: the offsets that each token has as the first token of a row. Only for tokenizers that include the space
   * before the first token of a row and exclude it elsewhere.
   */
  readonly firstOffsets?: Int32Array
  /** [tokens]: index of the word that contains the token, from 0. A punctuation mark counts as a word. */
  readonly wordIds: Int32Array
}

/** Enough tokens for most texts, so that the arrays rarely grow. */
const CAPACITY = 4096

/** Collects tokens in growing arrays, which are reused for the next text. */
export class EncodingBuilder {
  private ids = new Int32Array(CAPACITY)
  private offsets = new Int32Array(2 * CAPACITY)
  private wordIds = new Int32Array(CAPACITY)
  private word = -1
  private count = 0

  get length(): number {
    return this.count
  }

  /** Discards the tokens of an unfinished text. */
  clear(): void {
    this.count = 0
    this.word = -1
  }

  nextWord(): void {
    this.word++
  }

  push(id: number, start: number, end: number): void {
    const i = this.count++
    if (i === this.ids.length) this.grow()
    this.ids[i] = id
    this.offsets[2 * i] = start
    this.offsets[2 * i + 1] = end
    this.wordIds[i] = this.word
  }

  /** Returns the collected tokens and clears the builder. */
  finish(): Encoding {
    const { length } = this
    this.clear()
    return {
      ids: this.ids.slice(0, length),
      offsets: this.offsets.slice(0, 2 * length),
      wordIds: this.wordIds.slice(0, length),
    }
  }

  private grow(): void {
    this.ids = doubled(this.ids)
    this.offsets = doubled(this.offsets)
    this.wordIds = doubled(this.wordIds)
  }
}

export function doubled(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * array.length)
  larger.set(array)
  return larger
}
