import { hashOfTexts } from './hash.ts'

/** Number of counters in a row. Two rows take 32 MB, whatever the number of texts. */
const COUNTERS = 2 ** 24
const ROWS = 2

/**
 * Counts how often texts occur, in fixed memory (a count-min sketch; Cormode and Muthukrishnan 2005). A count is never too
 * low; after a million different texts, one in 300 is too high.
 */
export class Repetitions {
  private readonly rows = Array.from({ length: ROWS }, () => new Uint8Array(COUNTERS))

  add(text: string): void {
    for (const [row, place] of this.places(text)) if (row[place] < 255) row[place]++
  }

  count(text: string): number {
    return Math.min(...this.places(text).map(([row, place]) => row[place]))
  }

  private places(text: string): [Uint8Array, number][] {
    const hash = hashOfTexts(text)
    return this.rows.map((row, i) => [row, Math.floor(hash / COUNTERS ** i) % COUNTERS])
  }
}
