import { expect, test } from 'vitest'
import { LogSum } from './log-sum.ts'

const logSum = (...xs: number[]): number => {
  const total = new LogSum()
  for (const x of xs) total.add(x)
  return total.value
}

test('computes the log of the sum in any order', () => {
  expect(logSum(0, 1, 2)).toBeCloseTo(Math.log(1 + Math.E + Math.E ** 2), 14)
  expect(logSum(2, 0, 1)).toBeCloseTo(Math.log(1 + Math.E + Math.E ** 2), 14)
})

test('does not overflow or underflow', () => {
  expect(logSum(-2000, 1000, 1000 + Math.log(3))).toBeCloseTo(1000 + Math.log(4), 12)
  expect(logSum(-2000, -2000)).toBeCloseTo(-2000 + Math.log(2), 12)
})

test('is -Infinity without values or with only -Infinity', () => {
  expect(logSum()).toBe(-Infinity)
  expect(logSum(-Infinity, -Infinity)).toBe(-Infinity)
  expect(logSum(-Infinity, 3)).toBe(3)
})

test('propagates NaN', () => {
  expect(logSum(1, NaN, 2)).toBeNaN()
})
