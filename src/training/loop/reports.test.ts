import { setImmediate, setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { reportsOf } from './reports.ts'

/** Returns all reports and the result, as seen by a slow consumer. */
async function collect<T, R>(reports: AsyncGenerator<T, R, void>, pause = 0) {
  const seen: T[] = []
  for (;;) {
    const { done, value } = await reports.next()
    if (done) return { seen, result: value }
    seen.push(value)
    if (pause) await setTimeout(pause)
  }
}

test('yields all reports in order, including simultaneous ones and those right before the end', async () => {
  const work = async (report: (n: number) => void) => {
    report(1)
    report(2)
    await setImmediate()
    report(3)
    await setTimeout(5)
    report(4)
    report(5)
    return 'result'
  }
  const expected = { seen: [1, 2, 3, 4, 5], result: 'result' }
  expect(await collect(reportsOf(work))).toEqual(expected)
  expect(await collect(reportsOf(work), 3)).toEqual(expected)
})

test('yields a report while the work is running', async () => {
  let finish = () => {}
  const reports = reportsOf(async (report: (n: number) => void) => {
    report(1)
    await new Promise<void>((resolve) => {
      finish = resolve
    })
  })
  expect(await reports.next()).toEqual({ done: false, value: 1 })
  finish()
  expect((await reports.next()).done).toBe(true)
})

test('yields the reports before a failure, then throws the error', async () => {
  const seen: number[] = []
  const failing = reportsOf(async (report: (n: number) => void) => {
    report(1)
    throw new Error('disk full')
  })
  await expect(async () => {
    for await (const n of failing) seen.push(n)
  }).rejects.toThrow('disk full')
  expect(seen).toEqual([1])
})

test('stops the work at its next report if the consumer stops, and waits until it has ended', async () => {
  let [reported, released] = [0, false]
  const reports = reportsOf(async (report: (n: number) => void) => {
    try {
      for (reported = 1; reported < 100; reported++) {
        report(reported)
        await setTimeout(1)
      }
    } finally {
      await setTimeout(5)
      released = true
    }
  })
  for await (const n of reports) if (n === 2) break
  expect(released).toBe(true)
  expect(reported).toBeLessThan(10)
})
