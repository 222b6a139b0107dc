import { expect, test } from 'vitest'
import { expectedCalibrationError, fitTemperature, type JudgedAnswer, reliabilityBins } from './calibration.ts'

/** Answers that are right as often as they say at temperature 2: for each confidence so many right, so many wrong. */
const logits = Array.from({ length: 41 }, (_, i) => -4 + i / 5)
const confidenceAt = (logit: number, temperature: number) => 1 / (1 + Math.exp(-logit / temperature))
const answersAt = (temperature: number): JudgedAnswer[] =>
  logits.flatMap((logit) => {
    const right = Math.round(1000 * confidenceAt(logit, 2))
    const confidence = confidenceAt(logit, temperature)
    return Array.from({ length: 1000 }, (_, i) => ({ confidence, correct: i < right }))
  })

test('finds the temperature at which confidences are true', () => {
  const { temperature, nll, nll_uncalibrated } = fitTemperature(answersAt)
  // Confidences were rounded to a thousandth.
  expect(temperature).toBeCloseTo(2, 2)
  expect(nll).toBeLessThan(nll_uncalibrated)
})

test('the calibration error falls to nothing there', () => {
  const errorAt = (temperature: number) => expectedCalibrationError(reliabilityBins(answersAt(temperature), 15))
  expect(errorAt(1)).toBeGreaterThan(0.08)
  expect(errorAt(2)).toBeLessThan(0.001)
})

test.each([true, false])('when every answer is %s nothing is fitted', (correct) => {
  const { temperature } = fitTemperature((t) => [{ confidence: confidenceAt(1, t) * 0.9, correct }])
  expect(temperature).toBe(1)
})

test('bins hold means, and a confidence of 1 is in the last', () => {
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

test('an empty bin weighs nothing', () => {
  const bins = reliabilityBins([{ confidence: 0.9, correct: true }], 10)
  expect(bins.filter(({ count }) => count === 0)).toHaveLength(9)
  expect(expectedCalibrationError(bins)).toBeCloseTo(0.1, 12)
})

test('no answers are refused', () => {
  expect(() => reliabilityBins([])).toThrow(/no answers/)
  expect(() => fitTemperature(() => [])).toThrow(/no answers/)
})
