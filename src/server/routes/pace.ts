/** Minimum milliseconds between two progress events of a question. */
const MIN_INTERVAL = 100
/** The interval is at least this many times the time that creating an event takes, which grows with the text. */
const COST_FACTOR = 5

/** Limits how often intermediate answers are computed. */
export class Pace {
  private next = 0

  get isDue(): boolean {
    return performance.now() >= this.next
  }

  /** Measures the creation of an event, and postpones the next one accordingly. */
  async measure<T>(create: () => T | Promise<T>): Promise<T> {
    const started = performance.now()
    const event = await create()
    const now = performance.now()
    this.next = now + Math.max(MIN_INTERVAL, COST_FACTOR * (now - started))
    return event
  }
}
