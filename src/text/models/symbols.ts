import { doubled } from '../encoding.ts'

/** In place of a symbol that has become part of the one before. */
const JOINED = -1

/** Arrays for longer words are not kept. */
const KEPT = 4096

/**
 * The symbols that a word consists of while pairs of them are merged: a doubly linked list, in arrays that are used again
 * for the next word.
 */
export class Symbols {
  private count = 0
  private ids = new Int32Array(64)
  private lengths = new Int32Array(64)
  private before = new Int32Array(64)
  private after = new Int32Array(64)

  /** Number of symbols that were pushed; their places are below it. */
  get size(): number {
    return this.count
  }

  clear(): void {
    this.count = 0
    if (this.ids.length > KEPT) this.ids = this.lengths = this.before = this.after = new Int32Array(64)
  }

  push(id: number, length: number): void {
    const at = this.count++
    if (at === this.ids.length) this.grow()
    this.ids[at] = id
    this.lengths[at] = length
    this.before[at] = at - 1
    this.after[at] = at + 1
  }

  /** The id of the symbol at a place, negative if it has become part of another. */
  idAt(place: number): number {
    return this.ids[place]
  }

  lengthAt(place: number): number {
    return this.lengths[place]
  }

  /** The place of the symbol before that at a place, negative at the start. */
  placeBefore(place: number): number {
    return this.before[place]
  }

  /** The place of the symbol after that at a place, `size` at the end. */
  placeAfter(place: number): number {
    return this.after[place]
  }

  /** Makes one symbol of that at a place and the next. */
  join(place: number, id: number): void {
    const { ids, lengths, before, after } = this
    const joined = after[place]
    ids[place] = id
    lengths[place] += lengths[joined]
    ids[joined] = JOINED
    after[place] = after[joined]
    if (after[place] < this.count) before[after[place]] = place
  }

  private grow(): void {
    this.ids = doubled(this.ids)
    this.lengths = doubled(this.lengths)
    this.before = doubled(this.before)
    this.after = doubled(this.after)
  }
}
