import { expect, test } from 'vitest'
import { fakeRanks } from '../../tests/fake-ranks.ts'
import { SpanforgeError, UsageError } from '../errors.ts'
import { fromFirst, gatherNumbers, onAny, type Ranks, rejectDifferences, together } from './ranks.ts'

const onAll = <T>(size: number, work: (ranks: Ranks) => Promise<T>): Promise<T[]> =>
  Promise.all(fakeRanks(size).map(work))

/** The error of each rank. */
const errorsOn = (size: number, work: (ranks: Ranks) => Promise<unknown>): Promise<SpanforgeError[]> =>
  onAll(size, (ranks) =>
    work(ranks).then(
      () => expect.unreachable(),
      (error) => error,
    ),
  )

test('exchanges values', async () => {
  const numbers = [1, Number.NaN, Number.POSITIVE_INFINITY]
  expect(await onAll(3, (ranks) => gatherNumbers(ranks, numbers[ranks.rank]))).toEqual([numbers, numbers, numbers])
  expect(await onAll(2, (ranks) => fromFirst(ranks, { a: ranks.rank }))).toEqual([{ a: 0 }, { a: 0 }])
  expect(await onAll(2, (ranks) => fromFirst(ranks, undefined))).toEqual([null, null])
  expect(await onAll(2, (ranks) => onAny(ranks, ranks.rank === 1))).toEqual([true, true])
})

test('throws the error of one rank on all of them, with the name of the rank', async () => {
  expect(await onAll(2, (ranks) => together(ranks, async () => ranks.rank))).toEqual([0, 1])
  const errors = await errorsOn(3, (ranks) =>
    together(ranks, async () => {
      if (ranks.rank === 2) throw new UsageError('dev.json: no such file', 'Copy it.')
    }),
  )
  for (const { message, exitCode } of errors)
    expect([message, exitCode]).toEqual(['rank 2 (host-2): dev.json: no such file\n  Copy it.', 2])
  const own = await errorsOn(2, (ranks) => together(ranks, () => Promise.reject(new SpanforgeError('disk full'))))
  expect(own.map(({ message }) => message)).toEqual(['disk full', 'disk full'])
})

test('names what differs between ranks', async () => {
  await onAll(2, (ranks) => rejectDifferences(ranks, { version: '1', digest: 'a'.repeat(64) }))
  const errors = await errorsOn(3, (ranks) =>
    rejectDifferences(ranks, {
      version: ranks.rank === 1 ? '2' : '1',
      train_questions: (ranks.rank === 1 ? 'a' : 'b').repeat(64),
    }),
  )
  for (const { message } of errors)
    expect(message).toContain(
      'rank 1 (host-1) differs from rank 0 (host-0): version "2" instead of "1", other train questions',
    )
})
