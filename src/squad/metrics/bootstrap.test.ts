import { expect, test } from 'vitest'
import { bootstrapDifference, bootstrapMean, comparisonSentence } from './bootstrap.ts'
import { mcNemarTest, randomizationTest } from './paired-tests.ts'

/** Zeros and ones in an irregular order, with `ones` ones per hundred. */
const scores = (count: number, ones: number) =>
  Float64Array.from({ length: count }, (_, i) => Number((i * 37) % 100 < ones))

test('the interval of a proportion matches the normal approximation', () => {
  const { mean, low, high } = bootstrapMean(scores(1000, 30))
  expect(mean).toBeCloseTo(0.3, 12)
  const halfWidth = 1.96 * Math.sqrt((0.3 * 0.7) / 1000)
  // 10,000 resamples give a percentile to about 2 % of the standard error, and means are multiples of 0.001.
  expect(Math.abs(low - (0.3 - halfWidth))).toBeLessThan(0.0015)
  expect(Math.abs(high - (0.3 + halfWidth))).toBeLessThan(0.0015)
})

test('an interval contains the true value as often as its level says', () => {
  // 400 experiments of 60 coin tosses: 95 % +- 3 standard errors, and percentile intervals are slightly too narrow.
  let hits = 0
  for (let experiment = 0; experiment < 400; experiment++) {
    const throws = Array.from({ length: 60 }, (_, i) => (Math.sin(1 + experiment * 60 + i) * 43758.5453) % 1)
    const coins = throws.map((x) => Number((x + 1) % 1 < 0.5))
    const { low, high } = bootstrapMean(coins, { resamples: 500, seed: experiment })
    if (low <= 0.5 && 0.5 <= high) hits++
  }
  expect(hits / 400).toBeGreaterThan(0.9)
  expect(hits / 400).toBeLessThan(0.985)
})

test('the interval depends only on the seed', () => {
  const values = Array.from({ length: 50 }, (_, i) => Math.sqrt(i))
  expect(bootstrapMean(values, { seed: 1 })).toEqual(bootstrapMean(values, { seed: 1 }))
  expect(bootstrapMean(values, { seed: 1 }).low).not.toBe(bootstrapMean(values, { seed: 2 }).low)
})

test('a higher level gives a wider interval', () => {
  const narrow = bootstrapMean(scores(200, 30), { confidence_level: 0.8 })
  const wide = bootstrapMean(scores(200, 30), { confidence_level: 0.99 })
  expect(wide.low).toBeLessThan(narrow.low)
  expect(wide.high).toBeGreaterThan(narrow.high)
})

test('a paired comparison detects a small difference that separate intervals hide', () => {
  const a = scores(500, 40)
  const b = a.map((score, i) => (i % 25 === 0 ? 1 : score))
  const { difference, low } = bootstrapDifference(a, b)
  expect(difference).toBeCloseTo(bootstrapMean(b).mean - bootstrapMean(a).mean, 12)
  expect(low).toBeGreaterThan(0)
  expect(randomizationTest(a, b)).toBeLessThan(0.05)
  expect(bootstrapMean(a).high).toBeGreaterThan(bootstrapMean(b).low)
})

test('finds no significant difference between models that differ by chance, and p = 1 for equal ones', () => {
  const a = Array.from({ length: 300 }, (_, i) => (i % 3 === 0 ? 100 : 0))
  const b = Array.from({ length: 300 }, (_, i) => (i % 3 === 1 ? 100 : 0))
  expect(randomizationTest(a, b)).toBeGreaterThan(0.5)
  expect(bootstrapDifference(a, a)).toEqual({ difference: 0, low: 0, high: 0 })
  expect(randomizationTest(a, a)).toBe(1)
})

test('swapping the models changes the sign of the difference', () => {
  const [a, b] = [scores(100, 40), scores(100, 50)]
  const [forth, back] = [bootstrapDifference(a, b), bootstrapDifference(b, a)]
  expect(back.difference).toBeCloseTo(-forth.difference, 12)
  expect(back.low).toBeCloseTo(-forth.high, 12)
  expect(randomizationTest(b, a)).toBe(randomizationTest(a, b))
})

test('correct and wrong answers are compared exactly, like with scipy.stats.binomtest', () => {
  expect(mcNemarTest(0, 0)).toBe(1)
  expect(mcNemarTest(0, 5)).toBeCloseTo(0.0625, 14)
  expect(mcNemarTest(12, 3)).toBeCloseTo(0.03515625, 14)
  expect(mcNemarTest(7, 7)).toBe(1)
  expect(mcNemarTest(1100, 1000)).toBeCloseTo(0.0307207, 7)
})

test('the randomization test approximates the exact test for scores of 0 and 1', () => {
  const [a, b] = [scores(100, 40), scores(100, 40)]
  for (let i = 0, turned = 0; turned < 12; i++) if (a[i] === 0) [b[i], turned] = [1, turned + 1]
  for (let i = 0, turned = 0; turned < 3; i++) if (a[i] === 1) [b[i], turned] = [0, turned + 1]
  // 10,000 draws give a share of 0.035 to within 0.0018.
  expect(Math.abs(randomizationTest(a, b) - mcNemarTest(3, 12))).toBeLessThan(3 * 0.0018)
})

test.each([
  [() => bootstrapMean([]), /no scores/],
  [() => bootstrapMean([1], { resamples: 0 }), /resamples is 0, expected at least 1/],
  [() => bootstrapMean([1], { confidence_level: 95 }), /confidence_level is 95, expected a share between 0 and 1/],
  [() => bootstrapDifference([1], [1, 2]), /1 and 2 scores/],
  [() => randomizationTest([1], [1, 2]), /1 and 2 scores/],
])('rejects invalid input: %s', (run, message) => {
  expect(run).toThrow(message)
})

test('a comparison is described in a sentence', () => {
  const names = ['A', 'B'] as const
  const difference = { difference: 1.32, low: 0.41, high: 2.23, p_value: 0.003 }
  expect(comparisonSentence(names, 'F1', difference)).toBe('B is better than A by 1.3 F1, 95 % interval 0.4 to 2.2')
  const worse = { difference: -1.32, low: -2.23, high: -0.41, p_value: 0.003 }
  expect(comparisonSentence(names, 'F1', worse)).toBe('A is better than B by 1.3 F1, 95 % interval 0.4 to 2.2')
  const unclear = { difference: 0.32, low: -0.41, high: 1.05, p_value: 0.4 }
  expect(comparisonSentence(names, 'EM', unclear, 0.99)).toBe(
    'no significant difference between B and A: +0.3 EM, 99 % interval -0.4 to +1.1',
  )
  // If only B answers five of a hundred questions correctly, this can be due to chance.
  const few = { difference: 5, low: 1, high: 10, p_value: 0.0625 }
  expect(comparisonSentence(names, 'EM', few)).toMatch(/^no significant difference between B and A: \+5.0 EM/)
})
