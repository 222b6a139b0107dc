import { describe, expect, test } from 'vitest'
import { ruleOfThumb } from '../blocks/loss.ts'
import { lossClass, meaning, missOf } from './loss-meaning.ts'

describe('the meaning of a loss', () => {
  test('is 19 % for a correct position in the notebook, against 5.95 and 1/384 for random guessing', () => {
    const { probability, randomLoss, randomProbability, timesBetterThanChance } = meaning(1.6476, 384)
    expect(probability).toBeCloseTo(0.1925, 4)
    expect(randomLoss).toBeCloseTo(5.9506, 4)
    expect(randomProbability).toBe(1 / 384)
    expect(timesBetterThanChance).toBeCloseTo(0.1925 * 384, 1)
  })

  test('is a factor of 1 for random guessing, and a probability of 1 for zero loss', () => {
    expect(meaning(Math.log(200), 200).timesBetterThanChance).toBeCloseTo(1, 12)
    expect(meaning(0, 200).probability).toBe(1)
  })
})

describe('loss classes', () => {
  test('include their upper bound', () => {
    const names = [0, 1, 1.01, 1.5, 1.6476, 2, 2.5, 3, 3.01, Number.POSITIVE_INFINITY].map((x) => lossClass(x)?.name)
    expect(names).toEqual([
      ...['Excellent', 'Excellent', 'Very Good', 'Very Good', 'Good', 'Good', 'Fair', 'Fair', 'Poor', 'Poor'],
    ])
    expect(lossClass(Number.NaN)).toBeUndefined()
  })

  test('measure the distance of exact match from their range in points', () => {
    const good = lossClass(1.8)!
    expect(missOf(good, 50)).toBe(0)
    expect(missOf(good, 44.2)).toBeCloseTo(-0.8, 10)
    expect(missOf(good, 61.5)).toBeCloseTo(1.5, 10)
    expect(missOf(lossClass(0.5)!, 100)).toBe(0)
  })

  test('say whether the rule of thumb holds', () => {
    const good = lossClass(1.8)
    expect(ruleOfThumb(good, 52.4)).toBe(
      'Good, expected exact match 45 to 60 %, measured 52.40 %: the rule of thumb holds.',
    )
    expect(ruleOfThumb(good, 44.2)).toContain(
      'does not hold; the model answers 0.8 points worse than its loss suggests',
    )
    expect(ruleOfThumb(good, 61.5)).toContain('1.5 points better')
    expect(ruleOfThumb(good, undefined)).toContain('exact match was not measured')
    expect(ruleOfThumb(undefined, 10)).toContain('NaN or infinite')
  })
})
