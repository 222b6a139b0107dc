import { describe, expect, test } from 'vitest'
import { random } from '../../random/random.ts'
import { fitLogistic, logistic, type Observation, predictLogistic } from './logistic-regression.ts'

const draws = random(7, 'logistic regression test')

/** Events that happen with sigmoid(1 - 2 x + 0.5 y); y is in the hundreds, so that scales differ. */
const observed = Array.from({ length: 4000 }, (): Observation => {
  const [x, y] = [2 * draws.normal(), 300 + 4 * draws.normal()]
  return { features: [x, y], happened: draws.uniform() < logistic(1 - 2 * x + 0.5 * (y - 300)) }
})

describe('fitLogistic', () => {
  test('recovers the coefficients that generated the events', () => {
    const { intercept, coefficients } = fitLogistic(observed)
    expect(coefficients[0]).toBeCloseTo(-2, 0)
    expect(coefficients[1]).toBeCloseTo(0.5, 1)
    expect(intercept + 300 * coefficients[1]).toBeCloseTo(1, 0)
    expect(fitLogistic(observed)).toEqual({ intercept, coefficients })
  })

  test('treats a weight as a number of observations', () => {
    const weighted = observed.slice(0, 50).map((one) => ({ ...one, weight: 3 }))
    const repeated = weighted.flatMap(({ weight, ...one }) => [one, one, one])
    const [a, b] = [weighted, repeated].map((observations) => fitLogistic(observations))
    expect(a.intercept).toBeCloseTo(b.intercept, 6)
    for (const [i, coefficient] of a.coefficients.entries()) expect(coefficient).toBeCloseTo(b.coefficients[i], 8)
  })

  test('sets the coefficient of a feature that must not lower the probability to 0 if it would', () => {
    const { coefficients } = fitLogistic(observed, { increasing: [0, 1] })
    expect(coefficients[0]).toBe(0)
    expect(coefficients[1]).toBeGreaterThan(0)
  })

  test.each([
    ['all events', () => true],
    ['no event', () => false],
  ])('never returns a probability of 0 or 1: %s', (_, happened) => {
    const model = fitLogistic(observed.map(({ features }) => ({ features, happened: happened() })))
    for (const { features } of observed) {
      const p = predictLogistic(model, features)
      expect(p).toBeGreaterThan(0)
      expect(p).toBeLessThan(1)
    }
  })

  test('terminates if a feature separates the events', () => {
    const { intercept, coefficients } = fitLogistic(
      observed.map(({ features }) => ({ features, happened: features[0] > 1 })),
    )
    expect(-intercept / coefficients[0]).toBeCloseTo(1, 0)
    expect(coefficients[0]).toBeLessThan(50)
  })

  test('ignores a constant feature', () => {
    const constant = observed.map(({ features, happened }) => ({ features: [features[0], 5], happened }))
    expect(fitLogistic(constant).coefficients[1]).toBe(0)
  })
})
