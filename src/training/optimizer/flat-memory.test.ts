import { describe, expect, it } from 'vitest'
import { SpanforgeError } from '../../errors.ts'
import { allocateFlat } from './flat-memory.ts'
import { plainKernels } from './plain-kernels.ts'

describe('flat memory', () => {
  it('allocates zero-filled arrays in one buffer, each aligned to a cache line', () => {
    const { arrays } = allocateFlat({ parameters: 5, gradients: 17, exp_avg: 0, exp_avg_sq: 3 })
    expect(Object.values(arrays).map((array) => array.length)).toEqual([5, 17, 0, 3])
    expect(new Set(Object.values(arrays).map((array) => array.buffer)).size).toBe(1)
    for (const array of Object.values(arrays)) {
      expect(array.byteOffset % 64).toBe(0)
      expect(array.every((value) => value === 0)).toBe(true)
    }
    arrays.parameters.fill(1)
    expect(arrays.gradients.every((value) => value === 0)).toBe(true)
  })

  it('can be accessed by SIMD kernels above 2 GiB, where the highest bit of addresses is set', () => {
    // Untouched pages take no memory.
    const { arrays, kernels } = allocateFlat({
      low: 600_000_000,
      parameters: 7,
      gradients: 7,
      exp_avg: 7,
      exp_avg_sq: 7,
    })
    const { low, ...high } = arrays
    high.gradients.fill(2)
    expect(kernels.sumOfSquares(high.gradients)).toBe(7 * 4)
    const factors = { clip: 1, decay: 1, oneMinusBeta1: 0.5, beta2: 0.5, oneMinusBeta2: 0.5 }
    kernels.adamw(high, { ...factors, rootOfCorrection2: 1, epsilon: 0, negativeStepSize: -1 })
    expect([...high.exp_avg]).toEqual([1, 1, 1, 1, 1, 1, 1])
    expect([...high.exp_avg_sq]).toEqual([2, 2, 2, 2, 2, 2, 2])
    expect(kernels.sumOfSquares(low.subarray(0, 16))).toBe(0)
  })

  it('falls back to plain kernels if one WebAssembly memory is too small', () => {
    const { arrays, kernels } = allocateFlat({ parameters: 100, gradients: 100 }, { largestMemory: 799 })
    expect(kernels).toBe(plainKernels)
    expect(arrays.parameters.buffer).not.toBe(arrays.gradients.buffer)
  })

  it('reports the size of a failed allocation', () => {
    const allocate = () => allocateFlat({ parameters: 2 ** 50, gradients: 2 ** 50 })
    expect(allocate).toThrow(SpanforgeError)
    expect(allocate).toThrow(/cannot allocate 9007199.25 GB for parameters, gradients/)
  })
})
