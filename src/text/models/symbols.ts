import { doubled } from '../encoding.ts'

/** Marks a symbol that has been merged into the previous one. */
const JOINED = -1

/** Arrays for longer words are not reused. */
const KEPT = 4096

/**
 * The symbols of a word while pairs of them are merged: a doubly linked list in arrays that are reused for the next
 * word.
 */
export class Symbols {
  private count = 0
  private ids = new Int32Array(64)
  private lengths = new Int32Array(64)
  private before = new Int32Array(64)
  private after = new Int32Array(64)

  /** Number of symbols that were pushed. Their positions are smaller. */
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

  /** Returns the id of the symbol at a position, or a negative number if it has been merged into another. */
  idAt(place: number): number {
    return this.ids[place]
  }

  lengthAt(place: number): number {
    return this.lengths[place]
  }

  /** Returns the position of the previous symbol, or a negative number at the start. */
  placeBefore(place: number): number {
    return this.before[place]
  }

  /** Returns the position of the next symbol, or `size` at the end. */
  placeAfter(place: number): number {
    return this.after[place]
  }

  /** Merges the symbol at a position with the next one. */
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
