import { setMaxListeners } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Jobs } from './jobs.ts'

/** A job of `count` steps that logs each of them. */
function* steps(name: string, count: number, log: string[]): Generator<void, string> {
  for (let i = 0; i < count; i++) {
    log.push(name)
    yield
  }
  return name
}

describe('Jobs', () => {
  it('lets a small job overtake many large ones', async () => {
    const jobs = new Jobs()
    const log: string[] = []
    const books = Array.from({ length: 40 }, (_, i) => jobs.run(2_000_000, steps(`book ${i}`, 120, log)))
    await jobs.run(25_000, steps('text', 2, log))
    // It alternates with the oldest book.
    expect(log.length).toBeLessThanOrEqual(8)
    expect(await Promise.all(books)).toHaveLength(40)
  })

  it('gives the oldest job half of the steps while small jobs keep arriving', async () => {
    const jobs = new Jobs()
    const log: string[] = []
    let isDone = false
    const book = jobs.run(2_000_000, steps('book', 50, log)).finally(() => {
      isDone = true
    })
    const client = async () => {
      while (!isDone) await jobs.run(10, steps('small', 1, log))
    }
    await Promise.all([book, client(), client()])
    expect(log.length).toBeLessThanOrEqual(110)
  })

  it('stops the steps of an aborted job', async () => {
    const jobs = new Jobs()
    const log: string[] = []
    const gone = new AbortController()
    setMaxListeners(40, gone.signal)
    const books = Array.from({ length: 40 }, (_, i) => jobs.run(100, steps(`book ${i}`, Infinity, log), gone.signal))
    const left = Promise.allSettled(books)
    await setTimeout(20)
    gone.abort(new Error('gone'))
    const before = log.length
    expect((await left).every(({ status }) => status === 'rejected')).toBe(true)
    await jobs.run(1000, steps('next', 3, log))
    expect(log.slice(before)).toEqual(['next', 'next', 'next'])
    await expect(jobs.run(1, steps('late', 1, log), gone.signal)).rejects.toThrow('gone')
  })

  it('rejects only the job that failed', async () => {
    const jobs = new Jobs()
    // biome-ignore lint/correctness/useYield: it fails in its first step.
    function* failing(): Generator<void, never> {
      throw new Error('no room for the question')
    }
    const log: string[] = []
    const other = jobs.run(10, steps('other', 5, log))
    await expect(jobs.run(10, failing())).rejects.toThrow('no room')
    expect(await other).toBe('other')
  })
})
