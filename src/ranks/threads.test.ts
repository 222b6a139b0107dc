import { expect, test } from 'vitest'
import { idleNote, parseCores, threadsAmong } from './threads.ts'

const cores = (text: string): number[] => parseCores(text)

test('reads lists of cores', () => {
  expect(cores('0-3,8')).toEqual([0, 1, 2, 3, 8])
  expect(cores('5')).toEqual([5])
})

test('ranks that may use the same cores share them, and ranks with their own cores use all of those', () => {
  const all = cores('0-7')
  expect(threadsAmong(all, [all, all])).toBe(4)
  expect(threadsAmong(all, [all, all, all])).toBe(2)
  expect(threadsAmong(cores('0-3'), [cores('0-3'), cores('4-7')])).toBe(4)
  // In a container with 4 of 64 cores, both ranks see the same 4 cores.
  expect(threadsAmong(cores('60-63'), [cores('60-63'), cores('60-63')])).toBe(2)
  expect(threadsAmong(cores('0-2'), [cores('0-2'), cores('0-2'), cores('0-2')])).toBe(1)
  expect(
    threadsAmong(
      cores('0'),
      Array.from({ length: 5 }, () => cores('0')),
    ),
  ).toBe(1)
})

test('says when a launcher leaves cores idle', () => {
  expect(idleNote([cores('0'), cores('1')], cores('0-1'))).toBeUndefined()
  expect(idleNote([cores('0'), cores('1')], cores('0-15'))).toBe(
    'The launcher has bound the ranks on this host to 2 of 16 cores; 14 are idle. To use all of them, add --bind-to none to mpirun.',
  )
})
