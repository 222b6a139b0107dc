import { expect, test } from 'vitest'
import { expectedCalibrationError, reliabilityBins } from './calibration.ts'

test('bins contain means, and a confidence of 1 belongs to the last bin', () => {
  const answers = [
    { confidence: 0.1, correct: false },
    { confidence: 0.3, correct: true },
    { confidence: 0.5, correct: true },
    { confidence: 1, correct: true },
  ]
  const bins = reliabilityBins(answers, 2)
  expect(bins).toEqual([
    { low: 0, high: 0.5, count: 2, confidence: 0.2, accuracy: 0.5 },
    { low: 0.5, high: 1, count: 2, confidence: 0.75, accuracy: 1 },
  ])
  expect(expectedCalibrationError(bins)).toBeCloseTo((2 * 0.3 + 2 * 0.25) / 4, 12)
})

test('empty bins have no weight', () => {
  const bins = reliabilityBins([{ confidence: 0.9, correct: true }], 10)
  expect(bins.filter(({ count }) => count === 0)).toHaveLength(9)
  expect(expectedCalibrationError(bins)).toBeCloseTo(0.1, 12)
})

test('an empty list of answers is rejected', () => {
  expect(() => reliabilityBins([])).toThrow(/no answers/)
})
