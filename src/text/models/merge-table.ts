/**
 * The merges of a BPE model in a hash table of typed arrays, with the ids of the two tokens as the key. The rank of a merge
 * is its index in the list. If a pair occurs several times, the last merge is used.
 */
export class MergeTable {
  private count = 0
  private readonly mask: number
  /** The rank of the merge in each slot of the table, or -1 if the slot is free. */
  private readonly ranks: Int32Array
  private readonly lefts: Int32Array
  private readonly rights: Int32Array
  private readonly results: Int32Array

  /** `capacity` is the maximum number of merges. */
  constructor(capacity: number) {
    const size = 2 ** Math.ceil(Math.log2(2 * capacity + 2))
    this.mask = size - 1
    this.ranks = new Int32Array(size).fill(-1)
    this.lefts = new Int32Array(capacity)
    this.rights = new Int32Array(capacity)
    this.results = new Int32Array(capacity)
  }

  /** Number of merges. Ranks are smaller than this. */
  get size(): number {
    return this.count
  }

  add(left: number, right: number, result: number): void {
    const rank = this.count++
    this.lefts[rank] = left
    this.rights[rank] = right
    this.results[rank] = result
    this.ranks[this.slotOf(left, right)] = rank
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
    return this.ranks[this.slotOf(left, right)]
  }

  /** Returns the id of the merged token. */
  resultOf(rank: number): number {
    return this.results[rank]
  }

  /** Returns the slot of a pair in the table, or the free slot for it. */
  private slotOf(left: number, right: number): number {
    const hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b)
    let slot = (hash ^ (hash >>> 15)) & this.mask
    for (;;) {
      const rank = this.ranks[slot]
      if (rank < 0 || (this.lefts[rank] === left && this.rights[rank] === right)) return slot
      slot = (slot + 1) & this.mask
    }
  }
}
