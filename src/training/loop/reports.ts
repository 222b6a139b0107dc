import type { TrainingEvent } from './events.ts'

/**
 * Starts `work` and yields the values that it reports, in order and without loss, then returns its result. If the
 * consumer stops early, the next report throws inside `work`, and the generator waits until `work` has ended.
 */
export async function* reportsOf<Report, Result>(
  work: (report: (value: Report) => void) => Promise<Result>,
): AsyncGenerator<Report, Result, void> {
  const waiting: Report[] = []
  let [isOver, isAbandoned, wake] = [false, false, () => {}]
  const result = work((value) => {
    if (isAbandoned) throw new Error('the consumer has stopped')
    waiting.push(value)
    wake()
  })
  const end = () => {
    isOver = true
    wake()
  }
  const over = result.then(end, end)
  try {
    for (;;) {
      while (waiting.length > 0) yield waiting.shift()!
      if (isOver) return await result
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  } finally {
    isAbandoned = true
    await over
  }
}

type ProgressEvent = Extract<TrainingEvent, { type: 'progress' }>

/** Runs `work` and yields its progress as events. */
export async function* progressOf<Result>(
  of: ProgressEvent['of'],
  total: number,
  work: (onProgress: (done: number) => void) => Promise<Result>,
): AsyncGenerator<ProgressEvent, Result, void> {
  return yield* reportsOf((report) => work((done) => report({ type: 'progress', of, done, total })))
}
