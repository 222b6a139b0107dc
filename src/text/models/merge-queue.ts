/**
 * Exceeds the number of symbols of any word. A pair is queued as a single number: its rank times this, plus its
 * position.
 */
const PLACES = 2 ** 31

/** A binary heap of pairs to merge, ordered by rank and then by position. */
export class MergeQueue {
  private readonly entries: number[] = []

  get isEmpty(): boolean {
    return this.entries.length === 0
  }

  /** `at` is the position of the first of the two symbols. */
  push(rank: number, at: number): void {
    const { entries } = this
    const entry = rank * PLACES + at
    let place = entries.push(entry) - 1
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (entries[parent] < entry) break
      entries[place] = entries[parent]
      place = parent
    }
    entries[place] = entry
  }

  /** Removes and returns the first entry. */
  pop(): { readonly rank: number; readonly at: number } {
    const { entries } = this
    const first = entries[0]
    const last = entries.pop()!
    const { length } = entries
    let place = 0
    while (2 * place + 1 < length) {
      let child = 2 * place + 1
      if (child + 1 < length && entries[child + 1] < entries[child]) child++
      if (entries[child] >= last) break
      entries[place] = entries[child]
      place = child
    }
    if (length > 0) entries[place] = last
    const at = first % PLACES
    return { rank: (first - at) / PLACES, at }
  }
}
