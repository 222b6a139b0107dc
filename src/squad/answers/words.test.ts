import { expect, test } from 'vitest'
import { wordAt, wordRanges } from './words.ts'

test('a word extends from the start of its first token to the end of its last', () => {
  const wordIds = Int32Array.of(0, 0, 1, 2)
  const offsets = Int32Array.of(0, 4, 4, 7, 8, 9, 9, 12)
  expect(wordRanges({ wordIds, offsets })).toEqual(Int32Array.of(0, 7, 8, 9, 9, 12))
})

test('a character belongs to the word around it, or to none', () => {
  const words = Int32Array.of(2, 5, 5, 6, 8, 9)
  expect(Array.from({ length: 10 }, (_, i) => wordAt(words, i)?.join('-'))).toEqual([
    undefined,
    undefined,
    '2-5',
    '2-5',
    '2-5',
    '5-6',
    undefined,
    undefined,
    '8-9',
    undefined,
  ])
})
