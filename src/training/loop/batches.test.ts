import { expect, test } from 'vitest'
import { parseArguments } from '../arguments/arguments.ts'
import { epochOrder } from './batches.ts'

test('Each epoch has a different but reproducible order', () => {
  const lengths = Array.from({ length: 50 }, () => 10)
  const orders = [0, 1, 2].map((epoch) => epochOrder(lengths, parseArguments({}, 'test'), epoch).join())
  expect(new Set(orders).size).toBe(3)
  expect(epochOrder(lengths, parseArguments({}, 'test'), 1).join()).toBe(orders[1])
})
