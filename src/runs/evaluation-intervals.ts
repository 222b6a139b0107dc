import type { AnswerScore } from '../inference/evaluate.ts'
import { bootstrapMean } from '../squad/bootstrap.ts'

export type Interval = readonly [low: number, high: number]

/** Of one metric over all questions, in per cent. */
export const inPercent = (scores: readonly AnswerScore[], metric: keyof AnswerScore): Float64Array =>
  Float64Array.from(scores, (score) => 100 * score[metric])

/** The bootstrap interval of a metric's mean. */
export function intervalOf(scores: readonly AnswerScore[], metric: keyof AnswerScore, level: number): Interval {
  const { low, high } = bootstrapMean(inPercent(scores, metric), { confidence_level: level })
  return [low, high]
}
