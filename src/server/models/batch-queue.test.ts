import { describe, expect, it } from 'vitest'
import type { Row } from '../../batching/pack.ts'
import type { WindowLogits } from '../../squad/answers/document-logits.ts'
import { SharedLimit } from '../security/shared-limit.ts'
import type { RowSource } from '../tokenizing/window-rows.ts'
import { BatchQueue, type QueueOptions } from './batch-queue.ts'

/** Windows of the given lengths whose tokens are all `mark`. */
const windows = (mark: number, ...lengths: number[]): RowSource => ({
  count: lengths.length,
  tokens: lengths.reduce((sum, length) => sum + length, 0),
  length: (index) => lengths[index],
  row: (index) => ({
    input_ids: new Int32Array(lengths[index]).fill(mark),
    token_type_ids: new Int32Array(lengths[index]),
    attended: lengths[index],
  }),
})

/** A model that returns the input ids as logits. A pass completes when the test calls `finish` or `fail`. */
class Model {
  readonly passes: number[][] = []
  private next: { finish(): void; fail(error: Error): void } | undefined

  forward = (rows: readonly Row[]): Promise<WindowLogits[]> => {
    this.passes.push(rows.map(({ input_ids }) => input_ids.length))
    return new Promise((resolve, reject) => {
      const logits = rows.map(({ input_ids }) => Float32Array.from(input_ids))
      this.next = {
        finish: () => resolve(logits.map((values) => ({ start_logits: values, end_logits: values }))),
        fail: reject,
      }
    })
  }

  /** Completes the current pass and lets the queue continue. */
  async finish(): Promise<void> {
    this.next!.finish()
    await settled()
  }

  async fail(error: Error): Promise<void> {
    this.next!.fail(error)
    await settled()
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

function queueOf(options: Partial<QueueOptions> = {}) {
  const model = new Model()
  const shared = { texts: new SharedLimit(1e6), windows: new SharedLimit(10_000) }
  const limits = { max_tokens: 100, wait: 0, max_requests: 100, ...shared }
  return { model, queue: new BatchQueue(model.forward, { ...limits, ...options }) }
}

const marks = (logits: readonly WindowLogits[]) => logits.map(({ start_logits }) => start_logits[0])

describe('BatchQueue', () => {
  it('batches requests that arrive during a pass, and returns to each its own logits', async () => {
    const { model, queue } = queueOf()
    const first = queue.ask(windows(1, 20))
    const others = [2, 3, 4].map((mark) => queue.ask(windows(mark, 20, 20)))
    await model.finish()
    expect(model.passes).toEqual([[20], [20, 20, 20, 20, 20]])
    await model.finish()
    await model.finish()
    expect(marks(await first)).toEqual([1])
    expect((await Promise.all(others)).map(marks)).toEqual([
      [2, 2],
      [3, 3],
      [4, 4],
    ])
  })

  it('waits briefly for more requests when idle, but only if there were concurrent requests recently', async () => {
    const { model, queue } = queueOf({ wait: 5 })
    const first = [queue.ask(windows(1, 20)), queue.ask(windows(2, 20))]
    expect(model.passes).toEqual([[20]])
    await model.finish()
    await model.finish()
    await Promise.all(first)
    const later = [queue.ask(windows(3, 20)), queue.ask(windows(4, 20))]
    expect(model.passes).toEqual([[20], [20]])
    while (model.passes.length < 3) await new Promise((resolve) => setTimeout(resolve, 5))
    await model.finish()
    expect((await Promise.all(later)).map(marks)).toEqual([[3], [4]])
    expect(model.passes).toEqual([[20], [20], [20, 20]])
  })

  it('batches windows of similar length', async () => {
    const { model, queue } = queueOf({ max_tokens: 120 })
    const asked = [
      queue.ask(windows(0, 10)),
      ...[60, 20, 58, 22, 21].map((length) => queue.ask(windows(length, length))),
    ]
    for (let i = 0; i < 3; i++) await model.finish()
    await Promise.all(asked)
    expect(model.passes).toEqual([[10], [60, 58], [20, 21, 22]])
  })

  it('computes a short question before the rest of an earlier book, in a separate pass', async () => {
    const { model, queue } = queueOf()
    const book = queue.ask(windows(1, ...new Array(50).fill(50)))
    const question = queue.ask(windows(2, 10))
    await model.finish()
    expect(model.passes[1]).toEqual([10])
    await model.finish()
    expect(marks(await question)).toEqual([2])
    for (let i = 2; i < 30; i++) await model.finish()
    expect(marks(await book)).toEqual(new Array(50).fill(1))
  })

  it('alternates passes between two books', async () => {
    const { model, queue } = queueOf({ max_tokens: 100 })
    const progress: number[][] = [[], []]
    const books = [0, 1].map((i) =>
      queue.ask(windows(i, ...new Array(20).fill(50)), { onProgress: (done) => void progress[i].push(done) }),
    )
    for (let i = 0; i < 10; i++) await model.finish()
    expect(Math.abs(progress[0].at(-1)! - progress[1].at(-1)!)).toBeLessThanOrEqual(2)
    for (let i = 10; i < 20; i++) await model.finish()
    await Promise.all(books)
  })

  it('computes one window at a time when max_tokens is 1', async () => {
    const { model, queue } = queueOf({ max_tokens: 1 })
    const asked = queue.ask(windows(1, 20, 20))
    await model.finish()
    await model.finish()
    await asked
    expect(model.passes).toEqual([[20], [20]])
  })

  it('drops the windows of an aborted request', async () => {
    const { model, queue } = queueOf()
    const gone = new AbortController()
    const dropped = queue.ask(windows(1, ...new Array(50).fill(50)), { signal: gone.signal })
    const stays = queue.ask(windows(2, 50))
    gone.abort(new Error('gone'))
    await expect(dropped).rejects.toThrow('gone')
    expect(queue.waiting.tokens).toBe(50)
    await model.finish()
    await model.finish()
    expect(marks(await stays)).toEqual([2])
    expect(model.passes).toEqual([[50, 50], [50]])
    expect(queue.waiting.tokens).toBe(0)
  })

  it('rejects a request whose signal is already aborted', () => {
    const { model, queue } = queueOf()
    expect(() => queue.ask(windows(1, 20), { signal: AbortSignal.abort(new Error('gone')) })).toThrow('gone')
    expect(model.passes).toEqual([])
  })

  it('rejects only the requests whose pass failed', async () => {
    const { model, queue } = queueOf()
    const first = queue.ask(windows(1, 100))
    const second = queue.ask(windows(2, 100))
    const failed = expect(first).rejects.toThrow('no memory')
    await model.fail(new Error('no memory'))
    await failed
    await model.finish()
    expect(marks(await second)).toEqual([2])
  })

  it('rejects requests above its limit immediately with a retry delay, and recovers', () => {
    const { queue } = queueOf({ max_requests: 2 })
    const { leave } = queue.enter(60)
    queue.enter(60)
    expect(queue.waiting.requests).toBe(2)
    expect(queue.hasRoom(1)).toBe(false)
    expect(() => queue.enter(60)).toThrow(
      expect.objectContaining({ status: 503, more: expect.objectContaining({ retryAfter: 1 }) }),
    )
    leave()
    leave() // the second call has no effect
    expect(queue.waiting.requests).toBe(1)
    queue.enter(60)
  })

  it('reserves half of the places for small requests', () => {
    const { queue } = queueOf({ max_requests: 4 })
    for (let i = 0; i < 2; i++) queue.enter(100_000)
    expect(() => queue.enter(100_000)).toThrow(expect.objectContaining({ status: 503 }))
    const small = queue.enter(1000)
    small.measure(2000)
    // A small text with many questions counts as large.
    expect(() => small.measure(600_000)).toThrow(expect.objectContaining({ status: 503 }))
    queue.enter(1000, 'another client')
    expect(() => queue.enter(1000, 'a third')).toThrow(expect.objectContaining({ status: 503 }))
  })

  it('limits one request to half of the free characters and half of the free windows', async () => {
    const { model, queue } = queueOf({ texts: new SharedLimit(100_000), windows: new SharedLimit(8) })
    queue.enter(50_000)
    expect(() => queue.enter(26_000, 'another client')).toThrow(expect.objectContaining({ status: 503 }))
    queue.enter(25_000, 'another client')
    // The other client leaves 56,250 characters to this client, which already holds 50,000.
    expect(() => queue.enter(4000)).toThrow(expect.objectContaining({ status: 503 }))
    queue.enter(3000)
    const gone = new AbortController()
    const large = queue.ask(windows(1, 20, 20, 20, 20), { signal: gone.signal })
    expect(() => queue.ask(windows(2, 20, 20, 20))).toThrow(expect.objectContaining({ status: 503 }))
    const small = queue.ask(windows(2, 20))
    gone.abort(new Error('gone'))
    await expect(large).rejects.toThrow('gone')
    const again = queue.ask(windows(3, 20, 20))
    for (let i = 0; i < 2; i++) await model.finish()
    expect((await Promise.all([small, again])).map(marks)).toEqual([[2], [3, 3]])
  })

  it('reserves a quarter of each limit for other clients, even if one client sends many requests', () => {
    const limits = { max_requests: 100, texts: new SharedLimit(1_000_000), windows: new SharedLimit(1000) }
    const { queue } = queueOf(limits)
    const fill = (characters: number, windowCount: number, client: string) => {
      for (let i = 0; i < 200 && queue.hasRoom(characters, client); i++) queue.enter(characters, client)
      for (let i = 0; i < 200 && limits.windows.hasRoom(windowCount, client); i++)
        queue.ask(windows(1, ...new Array(windowCount).fill(1)), { client }).catch(() => {})
    }
    // Send smaller and smaller requests, each below half of what is left.
    for (let size = 500_000; size >= 1; size /= 2) fill(size, Math.ceil(size / 1000), 'greedy')
    expect(queue.hasRoom(1, 'greedy')).toBe(false)
    expect(queue.waiting.requests).toBeLessThanOrEqual(75)
    expect(queue.hasRoom(100_000, 'another')).toBe(true)
    expect(limits.windows.hasRoom(100, 'another')).toBe(true)
    for (let i = 0; i < 18; i++) queue.enter(1000, 'another')
    expect(queue.hasRoom(1000, 'a third')).toBe(true)
  })

  it('gives each client a place while places are left', () => {
    const { queue } = queueOf({ max_requests: 100 })
    for (let i = 0; i < 100; i++) queue.enter(10, `client ${i}`)
    expect(queue.hasRoom(10, 'one more')).toBe(false)
  })

  it('accepts a request of any size when no other request is pending', async () => {
    const { model, queue } = queueOf({ texts: new SharedLimit(10), windows: new SharedLimit(1) })
    queue.enter(200)
    const asked = queue.ask(windows(1, 20, 20, 20))
    await model.finish()
    await model.finish()
    expect(marks(await asked)).toEqual([1, 1, 1])
  })

  it('creates rows only when they are about to be computed', async () => {
    const { model, queue } = queueOf()
    const book = windows(1, ...new Array(1000).fill(50))
    let made = 0
    const asked = queue.ask({
      ...book,
      row(index) {
        made++
        return book.row(index)
      },
    })
    asked.catch(() => {})
    expect(made).toBe(2)
    await model.finish()
    expect(made).toBe(4)
  })
})
