import { bootstrapMean } from './bootstrap.ts'

/** Exact match and F1 of one question, each in [0, 1]. */
type Score = Readonly<Record<'exact_match' | 'f1', number>>

export type Interval = readonly [low: number, high: number]

/** The 95 % bootstrap intervals of an evaluation's exact match and F1, in percent. */
export interface ScoreIntervals {
  readonly exact_match: Interval
  readonly f1: Interval
}

/** The scores of all questions by one metric, in percent. */
export const inPercent = (scores: readonly Score[], metric: keyof Score): Float64Array =>
  Float64Array.from(scores, (score) => 100 * score[metric])

/** The bootstrap interval of a metric's mean. */
export function intervalOf(scores: readonly Score[], metric: keyof Score, level = 0.95): Interval {
  const { low, high } = bootstrapMean(inPercent(scores, metric), { confidence_level: level })
  return [low, high]
}

export const scoreIntervals = (scores: readonly Score[]): ScoreIntervals => ({
  exact_match: intervalOf(scores, 'exact_match'),
  f1: intervalOf(scores, 'f1'),
})
