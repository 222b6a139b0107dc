import { type AnswerOptions, type DocumentLogits, findAnswers, groupByExample } from '../squad/answers.ts'
import { fitTemperature } from '../squad/calibration.ts'
import type { WindowLogits } from '../squad/readings.ts'
import type { Example, Window } from '../squad/types.ts'
import type { Temperature } from './confidence.ts'

/** A temperature, and the confidence in the best answer to each question at it. */
export interface FittedConfidence extends Temperature {
  readonly confidences: readonly number[]
}

/** So many say where the one number lies, and more would take minutes. */
const MOST_FITTED = 1000

/**
 * Fits the temperature on the evaluated questions themselves (at most 1,000 of them, evenly spaced). `correct` says of
 * each question whether its best answer is an exact match.
 */
export function fitConfidence(
  examples: readonly Example[],
  windows: readonly Window[],
  logits: readonly WindowLogits[],
  correct: readonly boolean[],
  options: Omit<AnswerOptions, 'temperature' | 'top_k'> = {},
): FittedConfidence {
  const groups = groupByExample(windows, examples.length)
  const documents = examples.map(
    ({ context }, i): DocumentLogits => ({
      context,
      windows: groups[i].map((j) => windows[j]),
      logits: groups[i].map((j) => logits[j]),
    }),
  )
  const confidence = (i: number, temperature: number) =>
    findAnswers([documents[i]], { ...options, temperature }).candidates[0].score
  const every = Math.max(1, examples.length / MOST_FITTED)
  const sample = Array.from({ length: Math.floor(examples.length / every) }, (_, i) => Math.floor(i * every))
  const { temperature } = fitTemperature((at) =>
    sample.map((i) => ({ confidence: confidence(i, at), correct: correct[i] })),
  )
  return { temperature, fitted_here: true, confidences: examples.map((_, i) => confidence(i, temperature)) }
}
