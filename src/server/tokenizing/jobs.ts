import { setImmediate } from 'node:timers/promises'

interface Job {
  readonly size: number
  readonly steps: Iterator<void, unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  /** Removes the abort listener. */
  readonly end: () => void
}

/**
 * Runs jobs step by step on one thread. Steps alternate between the smallest and the oldest job, so that small jobs do
 * not wait for large ones, and the oldest job always gets half of the thread.
 */
export class Jobs {
  /** Jobs in order of arrival. */
  private readonly waiting = new Set<Job>()
  private isRunning = false
  private isTurnOfOldest = false

  /**
   * Runs a job and resolves to the return value of its steps. Sizes are only compared with each other, so any common
   * unit works. No further step runs once the signal is aborted.
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
      // Lets the thread receive messages that add or abort jobs.
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
