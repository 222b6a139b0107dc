import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fixtureJson } from '../../../tests/fixture.ts'
import { adamwStep, decays, updateRanges } from './adamw.ts'
import { clipCoefficient, firstNonFinite } from './clip.ts'
import { allocateFlat, type FlatMemory } from './flat-memory.ts'

interface Recorded {
  sizes: { name: string; size: number }[]
  start: number[]
  steps: { learning_rate: number; gradients: number[]; grad_norm: number; parameters: number[] }[]
  exp_avg: number[]
  exp_avg_sq: number[]
}
const recorded = fixtureJson<Recorded>('training/adamw.json')
const options = { adam_beta1: 0.9, adam_beta2: 0.999, adam_epsilon: 1e-8 }

const asMatrix = (parameter: { readonly name: string; readonly size: number }) => ({
  ...parameter,
  shape: [1, parameter.size],
})

type Names = 'parameters' | 'gradients' | 'exp_avg' | 'exp_avg_sq'
const allocate = (count: number, largestMemory?: number): FlatMemory<Names> =>
  allocateFlat({ parameters: count, gradients: count, exp_avg: count, exp_avg_sq: count }, { largestMemory })

function largestDifference(actual: Float32Array, expected: number[]): number {
  return Math.max(...expected.map((value, i) => Math.abs(actual[i] - value)))
}

describe.each([
  ['SIMD loops', undefined],
  ['plain loops', 0],
])('AdamW with %s', (_, largestMemory) => {
  it('reproduces ten clipped steps of torch', () => {
    const { arrays, kernels } = allocate(recorded.start.length, largestMemory)
    const ranges = updateRanges(recorded.sizes.map(asMatrix), 0.1)
    arrays.parameters.set(recorded.start)
    for (const [i, { learning_rate, gradients, grad_norm, parameters }] of recorded.steps.entries()) {
      arrays.gradients.set(gradients)
      const norm = Math.sqrt(kernels.sumOfSquares(arrays.gradients))
      // torch sums the norm in float32.
      expect(Math.abs(norm / grad_norm - 1)).toBeLessThan(2e-7)
      adamwStep(kernels, arrays, ranges, options, { step: i + 1, learning_rate, clip: clipCoefficient(norm, 1) })
      // Parameters are below 4. Tolerance of one unit in the last place, for torch's float32 norm and fused
      // multiply-adds.
      expect(largestDifference(arrays.parameters, parameters)).toBeLessThanOrEqual(2 ** -22)
    }
    expect(largestDifference(arrays.exp_avg, recorded.exp_avg)).toBeLessThan(3e-8)
    expect(largestDifference(arrays.exp_avg_sq, recorded.exp_avg_sq)).toBeLessThan(1e-9)
  })

  it('does not modify the gradients', () => {
    const { arrays, kernels } = allocate(5, largestMemory)
    arrays.gradients.fill(2)
    adamwStep(kernels, arrays, updateRanges([asMatrix({ name: 'w', size: 5 })], 0), options, {
      step: 1,
      learning_rate: 1,
      clip: 0.5,
    })
    expect([...arrays.gradients]).toEqual([2, 2, 2, 2, 2])
  })

  it.each([
    ['a parameter', { learning_rate: 3e38, gradient: 1, weight_decay: 1e10, adam_epsilon: 1e-8 }],
    ['a parameter by 0 / 0', { learning_rate: 1, gradient: 0, weight_decay: 0, adam_epsilon: 0 }],
    ['a second moment', { learning_rate: 1e-3, gradient: 1e25, weight_decay: 0, adam_epsilon: 1e-8 }],
  ])('reports %s that is not finite, at any position', (_, { gradient, adam_epsilon, ...step }) => {
    for (const position of [0, 3, 4, 6]) {
      const { arrays, kernels } = allocate(7, largestMemory)
      const take = () => {
        const ranges = updateRanges([asMatrix({ name: 'w', size: 7 })], step.weight_decay)
        return adamwStep(kernels, arrays, ranges, { ...options, adam_epsilon }, { step: 1, clip: 1, ...step })
      }
      if (step.weight_decay === 0) {
        arrays.gradients.fill(1)
        expect(take()).toBe(true)
      }
      arrays.parameters[position] = 1
      arrays.exp_avg.fill(0)
      arrays.exp_avg_sq.fill(0)
      arrays.gradients[position] = gradient
      expect(take()).toBe(false)
    }
  })

  it('has an infinite or NaN norm if a gradient is not finite', () => {
    for (const position of [0, 6, 8, 17])
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const { arrays, kernels } = allocate(18, largestMemory)
        arrays.gradients[position] = value
        expect(Number.isFinite(Math.sqrt(kernels.sumOfSquares(arrays.gradients)))).toBe(false)
      }
  })
})

describe('the SIMD and plain kernels', () => {
  const value = fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 })

  it('are bit-identical for any values and any length', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(value, value, value, value), { maxLength: 40 }),
        fc.integer({ min: 1 }),
        (rows, step) => {
          const [simd, plain] = [allocate(rows.length), allocate(rows.length, 0)].map(({ arrays, kernels }) => {
            for (const [i, [parameter, gradient, first, second]] of rows.entries()) {
              arrays.parameters[i] = parameter
              arrays.gradients[i] = gradient
              arrays.exp_avg[i] = first
              arrays.exp_avg_sq[i] = Math.abs(second)
            }
            const norm = Math.sqrt(kernels.sumOfSquares(arrays.gradients))
            const clip = clipCoefficient(norm, 1)
            const ranges = updateRanges([asMatrix({ name: 'w', size: rows.length })], 0.01)
            adamwStep(kernels, arrays, ranges, options, { step, learning_rate: 1e-3, clip })
            return {
              norm,
              bits: Object.values(arrays).map((array) => Buffer.from(array.slice().buffer).toString('hex')),
            }
          })
          expect(simd).toEqual(plain)
        },
      ),
      { seed: 1 },
    )
  })

  it('can start at any element of an array', () => {
    const { arrays, kernels } = allocate(64)
    arrays.gradients.forEach((_, i) => {
      arrays.gradients[i] = i
    })
    expect(kernels.sumOfSquares(arrays.gradients.subarray(61))).toBe(61 ** 2 + 62 ** 2 + 63 ** 2)
  })

  it('reject an array outside the allocation', () => {
    expect(() => allocate(8).kernels.sumOfSquares(new Float32Array(8))).toThrow('outside the allocation')
  })
})

describe('the moving average', () => {
  it('has the same bits with the SIMD and the plain kernel, for any length', () => {
    for (let length = 0; length < 10; length++) {
      const [simd, plain] = [undefined, 0].map((largestMemory) => {
        const { arrays, kernels } = allocate(length, largestMemory)
        for (let i = 0; i < length; i++) [arrays.parameters[i], arrays.gradients[i]] = [Math.sin(i), Math.cos(7 * i)]
        kernels.average(arrays.parameters, arrays.gradients, Math.fround(0.1))
        return [...arrays.parameters]
      })
      expect(simd).toEqual(plain)
      for (const [i, value] of simd.entries()) expect(value).toBeCloseTo(0.9 * Math.sin(i) + 0.1 * Math.cos(7 * i), 6)
    }
  })
})

describe('weight decay', () => {
  it('excludes biases and normalization weights', () => {
    const matrix = (name: string) => decays({ name, shape: [2, 3] })
    const vector = (name: string) => decays({ name, shape: [3] })
    expect(matrix('bert.embeddings.word_embeddings.weight')).toBe(true)
    expect(matrix('qa_outputs.weight')).toBe(true)
    expect(vector('qa_outputs.bias')).toBe(false)
    expect(vector('bert.encoder.layer.0.output.LayerNorm.weight')).toBe(false)
    expect(vector('encoder.norm.weight')).toBe(false)
    expect(vector('final_norm.weight')).toBe(false)
    expect(vector('bert.encoder.layer.0.attention.ln.weight')).toBe(false)
  })

  it('merges adjacent parameters with the same rate', () => {
    const sizes = ['a.weight', 'b.weight', 'b.bias', 'LayerNorm.weight', 'c.weight'].map((name) =>
      asMatrix({ name, size: 10 }),
    )
    expect(updateRanges(sizes, 0.01)).toEqual([
      { start: 0, end: 20, weight_decay: 0.01, rate: 1 },
      { start: 20, end: 40, weight_decay: 0, rate: 1 },
      { start: 40, end: 50, weight_decay: 0.01, rate: 1 },
    ])
  })
})

describe('clipping', () => {
  it('scales only gradients whose norm exceeds the maximum', () => {
    expect(clipCoefficient(0.5, 1)).toBe(1)
    expect(clipCoefficient(4, 1)).toBe(1 / (4 + 1e-6))
    expect(clipCoefficient(4, 0)).toBe(1)
  })

  it('names the first parameter that is not finite', () => {
    const values = Float32Array.of(1, 2, 3, Number.NaN, Number.POSITIVE_INFINITY)
    const sizes = ['first', 'second', 'third'].map((name, i) => ({ name, size: [2, 2, 1][i] }))
    expect(firstNonFinite(values, sizes)).toEqual({ name: 'second', element: 1, value: Number.NaN })
    expect(firstNonFinite(values.subarray(0, 3), sizes)).toBeUndefined()
  })
})
