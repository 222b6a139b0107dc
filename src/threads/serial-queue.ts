/** Runs the tasks of one thread one at a time, in the order of calls, also in a browser. mutex.ts is for several threads. */
export class SerialQueue {
  private last: Promise<unknown> = Promise.resolve()

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(work)
    this.last = result.catch(() => {})
    return result
  }
}
