import type { StoredConfidence } from '../src/checkpoint/answer-settings.ts'

/** A confidence as it is stored with a model. */
export const storedConfidence: StoredConfidence = {
  version: 1,
  answer: { intercept: -1, lead: 0.5, share: 0.75, presence: 0.25, length: -0.5, windows: -0.2 },
  no_answer: { intercept: 0.5, odds: 0.5 },
  questions: 400,
  questions_in_long_texts: 300,
  expected_calibration_error: { own_text: 0.02, long_text: 0.03 },
}
