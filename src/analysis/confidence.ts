/** How well does the model know when it is right? */
import { expectedCalibrationError, type JudgedAnswer, reliabilityBins } from '../squad/calibration.ts'
import type { AnalysedQuestion, ConfidenceSummary, Reliability, RiskPoint } from './types.ts'

/** The temperature that the calibrated confidences of the questions belong to. */
export interface Temperature {
  readonly temperature: number
  /** Whether it was fitted on these very questions: then the calibrated figures are a little too good. */
  readonly fitted_here: boolean
}

const MOST_POINTS = 200
const MOST_MISTAKES = 20

type Answered = Pick<AnalysedQuestion, 'confidence' | 'calibrated_confidence' | 'exact_match'>

export function confidenceSummary(questions: readonly Answered[], fitted?: Temperature): ConfidenceSummary {
  const judged = (confidenceOf: (question: Answered) => number): JudgedAnswer[] =>
    questions.map((question) => ({ confidence: confidenceOf(question), correct: question.exact_match === 1 }))
  const surest = byConfidence(questions)
  const risks = riskCoverage(surest.map((index) => questions[index]))
  return {
    raw: reliability(judged(({ confidence }) => confidence)),
    ...(fitted && {
      calibrated: { ...fitted, ...reliability(judged((question) => question.calibrated_confidence as number)) },
    }),
    risk_coverage: thinned(risks),
    area_under_risk_coverage: risks.reduce((sum, { risk }) => sum + risk, 0) / risks.length,
    most_confident_mistakes: surest.filter((index) => questions[index].exact_match !== 1).slice(0, MOST_MISTAKES),
  }
}

/** Indices, the most confident first; of equals the earlier. */
export const byConfidence = (questions: readonly Pick<AnalysedQuestion, 'confidence'>[]): number[] =>
  questions.map((_, index) => index).sort((a, b) => questions[b].confidence - questions[a].confidence || a - b)

function reliability(answers: readonly JudgedAnswer[]): Reliability {
  const bins = reliabilityBins(answers).filter(({ count }) => count > 0)
  return { bins, expected_calibration_error: expectedCalibrationError(bins) }
}

/** A point for each number of answers given, the most confident first (El-Yaniv and Wiener 2010). */
function riskCoverage(surestFirst: readonly Answered[]): RiskPoint[] {
  let wrong = 0
  return surestFirst.map(({ confidence, exact_match }, i) => {
    if (exact_match !== 1) wrong++
    return { coverage: (i + 1) / surestFirst.length, risk: wrong / (i + 1), confidence }
  })
}

/** Evenly spaced, with the last one. */
function thinned(points: readonly RiskPoint[]): RiskPoint[] {
  const count = Math.min(points.length, MOST_POINTS)
  return Array.from({ length: count }, (_, i) => points[Math.ceil(((i + 1) * points.length) / count) - 1])
}
