import { expect, it } from 'vitest'
import { confidenceSummary } from './confidence.ts'

const answered = (confidence: number, exact_match: number) => ({ confidence, exact_match })

it('computes the risk at each coverage, the most confident answers first', () => {
  const summary = confidenceSummary([answered(0.2, 0), answered(0.9, 1), answered(0.6, 0), answered(0.8, 1)])
  expect(summary.risk_coverage).toEqual([
    { coverage: 0.25, risk: 0, confidence: 0.9 },
    { coverage: 0.5, risk: 0, confidence: 0.8 },
    { coverage: 0.75, risk: 1 / 3, confidence: 0.6 },
    { coverage: 1, risk: 0.5, confidence: 0.2 },
  ])
  expect(summary.area_under_risk_coverage).toBeCloseTo((1 / 3 + 0.5) / 4, 15)
  expect(summary.most_confident_mistakes).toEqual([2, 0])
})

it('omits empty bins, and calibration without a fit', () => {
  const summary = confidenceSummary([answered(0.95, 1), answered(0.95, 0)])
  expect(summary.raw.bins.map(({ low, count, accuracy }) => [low, count, accuracy])).toEqual([[0.9, 2, 0.5]])
  expect(summary.raw.expected_calibration_error).toBeCloseTo(0.45, 12)
  expect(summary.calibrated).toBeUndefined()
})

it('evaluates calibrated confidences separately', () => {
  const questions = [1, 0].map((exact_match) => ({ ...answered(0.95, exact_match), calibrated_confidence: 0.5 }))
  const { calibrated } = confidenceSummary(questions, { cross_validated: false })
  expect(calibrated).toMatchObject({ cross_validated: false, expected_calibration_error: 0 })
})

it('thins the curve to 200 points, the last one at full coverage', () => {
  const many = Array.from({ length: 1001 }, (_, i) => answered(i / 1001, i % 2))
  const { risk_coverage, most_confident_mistakes } = confidenceSummary(many)
  expect(risk_coverage).toHaveLength(200)
  expect(risk_coverage.at(-1)?.coverage).toBe(1)
  expect(most_confident_mistakes).toHaveLength(20)
})
