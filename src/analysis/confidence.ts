/** How well the confidence of the model predicts whether its answers are right. */
import { expectedCalibrationError, type JudgedAnswer, reliabilityBins } from '../squad/metrics/calibration.ts'
import type { AnalyzedQuestion, ConfidenceSummary, Reliability, RiskPoint } from './types.ts'

/** Fitted confidences of the best answers. */
export interface FittedConfidences {
  /** One confidence per question; undefined for a question without one. */
  readonly confidences: readonly (number | undefined)[]
  /** True if they were fitted on these questions by cross-validation, false if they use the model's stored fit. */
  readonly cross_validated: boolean
}

const MAX_POINTS = 200
const MAX_MISTAKES = 20

type Answered = Pick<AnalyzedQuestion, 'confidence' | 'calibrated_confidence' | 'exact_match'>

export function confidenceSummary(
  questions: readonly Answered[],
  fitted?: Pick<FittedConfidences, 'cross_validated'>,
): ConfidenceSummary {
  const judged = (confidenceOf: (question: Answered) => number | undefined): JudgedAnswer[] =>
    questions.flatMap((question) => {
      const confidence = confidenceOf(question)
      return confidence === undefined ? [] : [{ confidence, correct: question.exact_match === 1 }]
    })
  const calibrated = judged((question) => question.calibrated_confidence)
  const surest = byConfidence(questions)
  const risks = riskCoverage(surest.map((index) => questions[index]))
  return {
    raw: reliability(judged(({ confidence }) => confidence)),
    ...(fitted &&
      calibrated.length > 0 && {
        calibrated: { cross_validated: fitted.cross_validated, ...reliability(calibrated) },
      }),
    risk_coverage: thinned(risks),
    area_under_risk_coverage: risks.reduce((sum, { risk }) => sum + risk, 0) / risks.length,
    most_confident_mistakes: surest.filter((index) => questions[index].exact_match !== 1).slice(0, MAX_MISTAKES),
  }
}

/** Indices of the questions, the most confident first. Ties keep their order. */
export const byConfidence = (questions: readonly Pick<AnalyzedQuestion, 'confidence'>[]): number[] =>
  questions.map((_, index) => index).sort((a, b) => questions[b].confidence - questions[a].confidence || a - b)

function reliability(answers: readonly JudgedAnswer[]): Reliability {
  const bins = reliabilityBins(answers).filter(({ count }) => count > 0)
  return { bins, expected_calibration_error: expectedCalibrationError(bins) }
}

/** The risk-coverage curve (El-Yaniv and Wiener 2010), with a point for each number of most confident answers. */
function riskCoverage(surestFirst: readonly Answered[]): RiskPoint[] {
  let wrong = 0
  return surestFirst.map(({ confidence, exact_match }, i) => {
    if (exact_match !== 1) wrong++
    return { coverage: (i + 1) / surestFirst.length, risk: wrong / (i + 1), confidence }
  })
}

/** Picks evenly spaced points, including the last one. */
function thinned(points: readonly RiskPoint[]): RiskPoint[] {
  const count = Math.min(points.length, MAX_POINTS)
  return Array.from({ length: count }, (_, i) => points[Math.ceil(((i + 1) * points.length) / count) - 1])
}
