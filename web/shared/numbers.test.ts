import { expect, it } from 'vitest'
import { counted, percent, wordsIn } from './numbers.ts'

it('formats shares as whole percentages, with <1 % for small ones', () => {
  expect([0, 0.001, 0.005, 0.456, 1].map(percent)).toEqual(
    ['0', '<1', '1', '46', '100'].map((number) => `${number}\u00a0%`),
  )
})

it('uses the singular for one', () => {
  expect([0, 1, 2, 1000].map((number) => counted(number, 'word'))).toEqual([
    '0 words',
    '1 word',
    '2 words',
    '1,000 words',
  ])
})

it('counts words separated by whitespace', () => {
  expect(wordsIn('')).toBe(0)
  expect(wordsIn(' One,  two\nthree\u00a0four ')).toBe(4)
})
