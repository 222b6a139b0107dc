import { expect, it } from 'vitest'
import { counted, percent, wordsIn } from './numbers.ts'

it('a share is a whole percentage, and never 0 % where there is something', () => {
  expect([0, 0.001, 0.005, 0.456, 1].map(percent)).toEqual(
    ['0', '<1', '1', '46', '100'].map((number) => `${number}\u00a0%`),
  )
})

it('one is not many', () => {
  expect([0, 1, 2, 1000].map((number) => counted(number, 'word'))).toEqual([
    '0 words',
    '1 word',
    '2 words',
    '1,000 words',
  ])
})

it('words are what stands between white space', () => {
  expect(wordsIn('')).toBe(0)
  expect(wordsIn(' One,  two\nthree\u00a0four ')).toBe(4)
})
