/**
 * The merges of a BPE model, found by the ids of their two tokens in a hash table of typed arrays: vocabularies have tens
 * of thousands of them. The place of a merge in the list is its rank. Of merges of the same pair the last counts.
 */
export class MergeTable {
  private count = 0
  private readonly mask: number
  /** Of each place of the table: the rank of the merge there, or -1 where it is free. */
  private readonly ranks: Int32Array
  private readonly lefts: Int32Array
  private readonly rights: Int32Array
  private readonly results: Int32Array

  /** `capacity`: how many merges can be added. */
  constructor(capacity: number) {
    const size = 2 ** Math.ceil(Math.log2(2 * capacity + 2))
    this.mask = size - 1
    this.ranks = new Int32Array(size).fill(-1)
    this.lefts = new Int32Array(capacity)
    this.rights = new Int32Array(capacity)
    this.results = new Int32Array(capacity)
  }

  /** Number of merges; their ranks are below it. */
  get size(): number {
    return this.count
  }

  add(left: number, right: number, result: number): void {
    const rank = this.count++
    this.lefts[rank] = left
    this.rights[rank] = right
    this.results[rank] = result
    this.ranks[this.placeOf(left, right)] = rank
  }

  /** The id of the first token of a merge. */
  leftOf(rank: number): number {
    return this.lefts[rank]
  }

  rightOf(rank: number): number {
    return this.rights[rank]
  }

  /** The rank of the merge of two tokens, or -1 if there is none. */
  rankOf(left: number, right: number): number {
    return this.ranks[this.placeOf(left, right)]
  }

  /** The id of the token that a merge makes. */
  resultOf(rank: number): number {
    return this.results[rank]
  }

  /** The place of a pair in the table, or the free one where it would be. */
  private placeOf(left: number, right: number): number {
    const hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b)
    let place = (hash ^ (hash >>> 15)) & this.mask
    for (;;) {
      const rank = this.ranks[place]
      if (rank < 0 || (this.lefts[rank] === left && this.rights[rank] === right)) return place
      place = (place + 1) & this.mask
    }
  }
}
