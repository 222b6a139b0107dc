import { type FittedConfidence, fitConfidence } from '../analysis/fit-confidence.ts'
import type { Evaluation } from '../inference/evaluate.ts'
import { expectedCalibrationError, reliabilityBins } from '../squad/calibration.ts'
import type { Dataset } from '../squad/dataset.ts'
import type { FittedSettings } from './fit-settings.ts'

/** How well a model knows when it is right: exact matches against the probabilities of its answers. */
export interface ModelConfidence {
  readonly expected_calibration_error: number
  /** At the temperature stored with the model, or where `fitted_here` fitted on these very questions. */
  readonly calibrated?: {
    readonly temperature: number
    readonly fitted_here: boolean
    readonly expected_calibration_error: number
  }
}

interface Asked {
  readonly report?: string
  readonly version_2_with_negative: boolean
  readonly null_score_diff_threshold: number
  readonly max_answer_length: number
  readonly confidence_temperature?: number
}

/** The confidences of an evaluation; a temperature is fitted only where a report shows what it would do. */
export function modelConfidence(
  { examples, windows }: Dataset,
  { answers, scores, logits }: Evaluation,
  asked: Asked,
  fitted?: FittedSettings,
): { readonly confidence: ModelConfidence; readonly calibrated?: FittedConfidence } {
  const correct = scores.map(({ exact_match }) => exact_match === 1)
  const errorOf = (confidences: readonly number[], right: readonly boolean[]) =>
    expectedCalibrationError(reliabilityBins(confidences.map((confidence, i) => ({ confidence, correct: right[i] }))))
  const raw = errorOf(
    answers.map(({ candidates }) => candidates[0].score),
    correct,
  )
  const { version_2_with_negative: handle_impossible_answer, confidence_temperature } = asked
  const options = { ...asked, handle_impossible_answer }
  const calibrated = (): (FittedConfidence & { readonly right?: readonly boolean[] }) | undefined => {
    if (fitted)
      return {
        temperature: fitted.settings.temperature,
        fitted_here: true,
        confidences: fitted.confidences,
        right: fitted.correct,
      }
    if (confidence_temperature !== undefined)
      return {
        temperature: confidence_temperature,
        fitted_here: false,
        confidences: answers.map(({ candidates }) => candidates[0].confidence!),
      }
    return asked.report ? fitConfidence(examples, windows, logits, correct, options) : undefined
  }
  const found = calibrated()
  if (!found) return { confidence: { expected_calibration_error: raw } }
  const { temperature, fitted_here, confidences, right = correct } = found
  return {
    confidence: {
      expected_calibration_error: raw,
      calibrated: { temperature, fitted_here, expected_calibration_error: errorOf(confidences, right) },
    },
    calibrated: found,
  }
}
