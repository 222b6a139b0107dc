/** Runs one task at a time, in the order of calls. */
export class Mutex {
  private last: Promise<unknown> = Promise.resolve()

  runExclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(work)
    this.last = result.catch(() => {})
    return result
  }
}
