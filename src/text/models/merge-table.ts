/** A slot of the table: the ids of both tokens and the rank of their merge, adjacent in memory. */
const WIDTH = 4
const [LEFT, RIGHT, RANK] = [0, 1, 2]

/**
 * The merges of a BPE model in a hash table of typed arrays, with the ids of the two tokens as the key. The rank of a merge
 * is its index in the list. If a pair occurs several times, the last merge is used.
 */
export class MergeTable {
  private count = 0
  private readonly mask: number
  /** WIDTH numbers for each slot. The rank of a free slot is -1. */
  private readonly slots: Int32Array
  private readonly lefts: Int32Array
  private readonly rights: Int32Array
  private readonly results: Int32Array

  /** `capacity` is the maximum number of merges. */
  constructor(capacity: number) {
    const size = 2 ** Math.ceil(Math.log2(2 * capacity + 2))
    this.mask = size - 1
    this.slots = new Int32Array(WIDTH * size).fill(-1)
    this.lefts = new Int32Array(capacity)
    this.rights = new Int32Array(capacity)
    this.results = new Int32Array(capacity)
  }

  /** Number of merges. Ranks are smaller than this. */
  get size(): number {
    return this.count
  }

  /** Whether all merges produce different tokens, as in a vocabulary created by learning merges. */
  get hasDistinctResults(): boolean {
    const seen = new Set<number>()
    for (const id of this.results) seen.add(id)
    return seen.size === this.count
  }

  add(left: number, right: number, result: number): void {
    const rank = this.count++
    this.lefts[rank] = left
    this.rights[rank] = right
    this.results[rank] = result
    const slot = this.slotOf(left, right)
    this.slots[slot + LEFT] = left
    this.slots[slot + RIGHT] = right
    this.slots[slot + RANK] = rank
  }

  /** Returns the id of the first token of a merge. */
  leftOf(rank: number): number {
    return this.lefts[rank]
  }

  rightOf(rank: number): number {
    return this.rights[rank]
  }

  /** Returns the rank of the merge of two tokens, or -1 if they do not merge. */
  rankOf(left: number, right: number): number {
    return this.slots[this.slotOf(left, right) + RANK]
  }

  /** Returns the id of the merged token. */
  resultOf(rank: number): number {
    return this.results[rank]
  }

  /** Returns the place in `slots` of a pair, or of the free slot for it. */
  private slotOf(left: number, right: number): number {
    const { slots, mask } = this
    const hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b)
    for (let slot = hash ^ (hash >>> 15); ; slot++) {
      const place = WIDTH * (slot & mask)
      if (slots[place + RANK] < 0 || (slots[place + LEFT] === left && slots[place + RIGHT] === right)) return place
    }
  }
}
