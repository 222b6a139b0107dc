import { expect, test } from 'vitest'
import { freeMemory } from './free-memory.ts'

test('frees memory without garbage collection', async () => {
  const resident = () => process.memoryUsage().rss
  const before = resident()
  const array = new Float32Array(2 ** 26).fill(1)
  expect(resident() - before).toBeGreaterThan(200e6)
  await freeMemory(array)
  expect(array).toHaveLength(0)
  expect(resident() - before).toBeLessThan(100e6)
})
