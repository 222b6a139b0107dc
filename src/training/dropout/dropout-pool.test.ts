import { expect, test } from 'vitest'
import { fillDropoutMask } from './dropout-mask.ts'
import { DropoutPool } from './dropout-pool.ts'

const bytes = ({ buffer, byteOffset, byteLength }: Float32Array) => Buffer.from(buffer, byteOffset, byteLength)

test('a mask is a stretch of one stream for sixteen steps, wherever it lies and whatever was asked for before', () => {
  const whole = new Float32Array(2 ** 24)
  const pool = new DropoutPool(7)
  for (const round of [0, 1, 0]) {
    fillDropoutMask(whole, 0.1, 7, 'dropout', round)
    for (const [step, length] of [
      [16 * round, 100_000],
      [16 * round + 15, 5],
      [16 * round + 3, 8192],
    ] as const) {
      const mask = pool.masks(step, 2)(0, 0.1, length)
      const place = mask.byteOffset / 4
      expect(bytes(mask).equals(bytes(whole.subarray(place, place + length)))).toBe(true)
      expect(bytes(mask).equals(bytes(new DropoutPool(7).masks(step, 2)(0, 0.1, length)))).toBe(true)
    }
  }
})
