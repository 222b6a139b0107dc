import { setImmediate } from 'node:timers/promises'

interface Job {
  readonly size: number
  readonly steps: Iterator<void, unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  /** Listens to the signal no longer. */
  readonly end: () => void
}

/**
 * Jobs that share one thread, step by step. The smallest job and the oldest one take steps by turns: a small job does
 * not wait until large ones are done, and the oldest always has half of the thread, however many smaller ones come.
 */
export class Jobs {
  /** In the order in which they came. */
  private readonly waiting = new Set<Job>()
  private isRunning = false
  private isTurnOfOldest = false

  /**
   * Runs a job of `size`, in a unit that all jobs share. Resolves to what the steps return; once the signal is aborted
   * no further step is taken.
   */
  run<T>(size: number, steps: Iterator<void, T>, signal?: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const drop = () => {
        this.waiting.delete(job)
        reject(signal!.reason)
      }
      const end = () => signal?.removeEventListener('abort', drop)
      const job: Job = { size, steps, resolve: resolve as (value: unknown) => void, reject, end }
      signal?.addEventListener('abort', drop, { once: true })
      this.waiting.add(job)
      void this.work()
    })
  }

  private async work(): Promise<void> {
    if (this.isRunning) return
    this.isRunning = true
    while (this.waiting.size > 0) {
      this.step(this.nextJob())
      // Messages are received in between: new jobs, and which ones nobody waits for any more.
      await setImmediate()
    }
    this.isRunning = false
  }

  private nextJob(): Job {
    this.isTurnOfOldest = !this.isTurnOfOldest
    let [chosen] = this.waiting
    if (this.isTurnOfOldest) return chosen
    for (const job of this.waiting) if (job.size < chosen.size) chosen = job
    return chosen
  }

  private step(job: Job): void {
    try {
      const { done, value } = job.steps.next()
      if (!done) return
      job.resolve(value)
    } catch (error) {
      job.reject(error)
    }
    this.waiting.delete(job)
    job.end()
  }
}
