import { expect, it } from 'vitest'
import { percent, wordsIn } from './numbers.ts'

it('a share is a whole percentage, and never 0 % where there is something', () => {
  expect([0, 0.001, 0.005, 0.456, 1].map(percent)).toEqual(['0 %', '<1 %', '1 %', '46 %', '100 %'])
})

it('words are what stands between white space', () => {
  expect(wordsIn('')).toBe(0)
  expect(wordsIn(' One,  two\nthree\u00a0four ')).toBe(4)
})
