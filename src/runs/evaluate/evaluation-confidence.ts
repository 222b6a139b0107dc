import type { FittedConfidences } from '../../analysis/index.ts'
import type { Evaluation } from '../../inference/evaluate.ts'
import type { JudgedAnswer } from '../../squad/metrics/calibration.ts'
import { errorOf, type FittedSettings } from './fit-settings.ts'

/** How well a model knows when it is right: exact matches against what it says about its answers. */
export interface ModelConfidence {
  /** Of the raw probabilities of the answers among all spans. */
  readonly expected_calibration_error: number
  /** Of the fitted confidence: the one stored with the model, or the one that was fitted on these questions. */
  readonly calibrated?: {
    /** Fitted on these questions, and each of them judged by coefficients fitted on others (cross-validation). */
    readonly cross_validated: boolean
    readonly expected_calibration_error: number
    /** The same for a sample of the questions, each asked about its text and eight others around it. */
    readonly expected_calibration_error_long_texts?: number
  }
}

/** The confidences of an evaluation, and those of each question for its report. */
export function modelConfidence(
  { answers, scores }: Pick<Evaluation, 'answers' | 'scores'>,
  fitted?: FittedSettings,
): { readonly confidence: ModelConfidence; readonly calibrated?: FittedConfidences } {
  const judged = (confidenceOf: (i: number) => number | null | undefined) =>
    scores.map(({ exact_match }, i): JudgedAnswer | undefined => {
      const confidence = confidenceOf(i) ?? undefined
      return confidence === undefined ? undefined : { confidence, correct: exact_match === 1 }
    })
  const expected_calibration_error = errorOf(judged((i) => answers[i].candidates[0].score))!
  const stored = judged((i) => answers[i].candidates[0].confidence)
  const found = fitted ? fitted.judged : stored
  const error = errorOf(found)
  if (error === undefined) return { confidence: { expected_calibration_error } }
  const long = fitted?.settings.confidence?.expected_calibration_error.long_text
  const calibrated = {
    cross_validated: fitted !== undefined,
    expected_calibration_error: error,
    ...(long !== undefined && { expected_calibration_error_long_texts: long }),
  }
  return {
    confidence: { expected_calibration_error, calibrated },
    calibrated: {
      cross_validated: fitted !== undefined,
      confidences: found.map((one) => one?.confidence),
    },
  }
}
