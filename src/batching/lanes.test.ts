import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutIntoLanes, inLanes } from './passes.ts'

const lengthsOf = fc.array(fc.integer({ min: 1, max: 384 }), { minLength: 1, maxLength: 40 })

test('Rows are divided among lanes evenly, each into one pass, and the passes of all lanes share the limit', () => {
  fc.assert(
    fc.property(lengthsOf, fc.integer({ min: 1, max: 4 }), (lengths, count) => {
      const lanes = cutIntoLanes(lengths, 1024, count)
      expect(lanes.flat(2).sort((a, b) => a - b)).toEqual([...lengths.keys()])
      const tokens = (rows: readonly number[]) => rows.reduce((n, row) => n + lengths[row], 0)
      for (const pass of lanes.flat())
        if (pass.length > 1) expect(tokens(pass)).toBeLessThanOrEqual(1024 / lanes.length)
      const totals = lanes.map((passes) => tokens(passes.flat()))
      const even = tokens([...lengths.keys()]) / lanes.length
      expect(Math.max(...totals)).toBeLessThanOrEqual(1.3 * even)
    }),
    { seed: 3, numRuns: 200 },
  )
})

test('A long row with a short one is not divided, because half of the cores would wait', () => {
  expect(cutIntoLanes([100, 100, 90, 90], 1024, 2)).toHaveLength(2)
  expect(cutIntoLanes([384, 50], 1024, 2)).toEqual([[[0, 1]]])
  expect(cutIntoLanes([384], 1024, 2)).toEqual([[[0]]])
})

test('Lanes compute at the same time, the passes of a lane one after the other, and results are in order', async () => {
  const began: string[] = []
  const ends: (() => void)[] = []
  const result = inLanes([['a', 'b'], ['c']], (pass, i, lane) => {
    began.push(`${pass} ${i} ${lane}`)
    return new Promise<string>((resolve) => ends.push(() => resolve(pass.toUpperCase())))
  })
  expect(began).toEqual(['a 0 0', 'c 2 1'])
  ends[1]()
  await Promise.resolve()
  expect(began).toHaveLength(2)
  ends[0]()
  await expect.poll(() => began).toEqual(['a 0 0', 'c 2 1', 'b 1 0'])
  ends[2]()
  expect(await result).toEqual(['A', 'B', 'C'])
})

test('Two passes ahead, a lane prepares its next pass while it computes one', async () => {
  const began: string[] = []
  const ends: (() => void)[] = []
  const compute = (pass: string) => {
    began.push(pass)
    return new Promise<string>((resolve) => ends.push(() => resolve(pass)))
  }
  const result = inLanes([['a', 'b', 'c'], ['d']], compute, 2)
  expect(began).toEqual(['a', 'b', 'd'])
  ends[0]()
  await expect.poll(() => began).toEqual(['a', 'b', 'd', 'c'])
  for (const end of ends) end()
  expect(await result).toEqual(['a', 'b', 'c', 'd'])
})

test('A single lane has no number', async () => {
  expect(await inLanes([['a', 'b']], async (pass, i, lane) => `${pass} ${i} ${lane}`)).toEqual([
    'a 0 undefined',
    'b 1 undefined',
  ])
})

test('After a failure no pass begins, and it is thrown when the others have ended', async () => {
  const began: string[] = []
  let end = () => {}
  let isSettled = false
  const result = inLanes(
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
    async (pass) => {
      began.push(pass)
      if (pass === 'a') throw new Error('out of memory')
      await new Promise<void>((resolve) => (end = resolve))
    },
  )
  result.catch(() => {}).finally(() => (isSettled = true))
  await new Promise(setImmediate)
  expect(isSettled).toBe(false)
  end()
  await expect(result).rejects.toThrow('out of memory')
  expect(began).toEqual(['a', 'c'])
})
