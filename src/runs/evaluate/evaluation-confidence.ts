import type { FittedConfidences } from '../../analysis/confidence.ts'
import type { Evaluation } from '../../inference/evaluate.ts'
import type { JudgedAnswer } from '../../squad/metrics/calibration.ts'
import { errorOf, type FittedSettings } from './fit-settings.ts'

/** The calibration of a model: how well its confidences match the share of exact matches. */
export interface ModelConfidence {
  /** Calibration error of the raw probabilities, which are normalized over all spans. */
  readonly expected_calibration_error: number
  /** Calibration of the fitted confidence, either stored with the model or fitted on these questions. */
  readonly calibrated?: {
    /** Whether it was fitted on these questions, with each of them judged by coefficients fitted on the others. */
    readonly cross_validated: boolean
    readonly expected_calibration_error: number
    /** The error on a sample of the questions, each asked about its text surrounded by eight others. */
    readonly expected_calibration_error_long_texts?: number
  }
}

/** The calibration of an evaluated model, and the confidence of each question for the report. */
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
