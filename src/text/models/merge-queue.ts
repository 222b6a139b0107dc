interface Entry {
  readonly rank: number
  /** Place of the first of the two symbols. */
  readonly at: number
  /** What the pair becomes. */
  readonly id: number
}

/** Pairs to merge by their rank, of equal ranks by their place: a binary heap. */
export class MergeQueue {
  private readonly entries: Entry[] = []

  push(entry: Entry): void {
    const { entries } = this
    let place = entries.push(entry) - 1
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (!isBefore(entry, entries[parent])) break
      entries[place] = entries[parent]
      place = parent
    }
    entries[place] = entry
  }

  /** The first entry, which leaves the queue. */
  pop(): Entry | undefined {
    const { entries } = this
    const first = entries[0]
    const last = entries.pop()
    if (entries.length === 0 || !last) return first
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      if (child >= entries.length) break
      if (child + 1 < entries.length && isBefore(entries[child + 1], entries[child])) child++
      if (!isBefore(entries[child], last)) break
      entries[place] = entries[child]
      place = child
    }
    entries[place] = last
    return first
  }
}

const isBefore = (a: Entry, b: Entry): boolean => a.rank < b.rank || (a.rank === b.rank && a.at < b.at)
