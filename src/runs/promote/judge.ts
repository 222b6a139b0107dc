/** The decision whether a model may replace the served one, from the answers of both to the same questions. */
import { decimal, pValue } from '../../report/render/format.ts'
import { bootstrapDifference, inPercent, isSignificant, type PairedDifference } from '../../squad/metrics/bootstrap.ts'
import type { Example } from '../../squad/types.ts'
import type { EvaluatedModel } from '../evaluate/evaluate-model.ts'

export type PromotionMetric = 'f1' | 'exact_match'

export interface PromotionRule {
  readonly metric: PromotionMetric
  /** Significance level of the test. */
  readonly alpha: number
  /** Gain in points that the interval of the difference must not fall below (default: NEW must not be found worse). */
  readonly min_gain?: number
}

export type Outcome = 'better' | 'worse' | 'no difference found'

/** A question that the new model answers worse than the old one. Scores are in percent. */
export interface WorsenedQuestion {
  readonly id: string
  readonly question: string
  readonly expected: readonly string[]
  readonly old_answer: string
  readonly new_answer: string
  readonly old_score: number
  readonly new_score: number
}

export interface Judgment {
  readonly outcome: Outcome
  /** Loss in points that the test finds with these questions four times in five. */
  readonly detectable: number
  /** Why the new model may not replace the old one. */
  readonly refusal?: string
}

/** Judges NEW from its difference to OLD by the rule's metric, in points. */
export function judge(
  rule: PromotionRule,
  difference: PairedDifference,
  models: readonly [EvaluatedModel, EvaluatedModel],
): Judgment {
  const { metric, alpha, min_gain } = rule
  const outcome = outcomeOf(difference, alpha)
  const detectable = detectableLoss(models, metric, alpha)
  const { low } = difference
  if (outcome === 'worse') return { outcome, detectable, refusal: `it is worse: ${differenceText(rule, difference)}` }
  if (min_gain === undefined || low >= min_gain) return { outcome, detectable }
  const refusal = `the interval of its gain begins below min_gain ${min_gain}: ${differenceText(rule, difference)}`
  return { outcome, detectable, refusal }
}

export const METRIC_NAMES = { f1: 'F1', exact_match: 'exact match' } as const

/** Formats a difference: "F1 -2.31 points, 95 % interval -3.90 to -0.80, p 0.0031". */
export function differenceText({ metric, alpha }: PromotionRule, found: PairedDifference): string {
  const { difference, low, high, p_value } = found
  const level = Number((100 * (1 - alpha)).toFixed(1))
  return `${METRIC_NAMES[metric]} ${signed(difference)} points, ${level} % interval ${signed(low)} to ${signed(high)}, ${pValue(p_value)}`
}

const signed = (points: number): string => `${points < 0 ? '' : '+'}${decimal(points)}`

function outcomeOf(difference: PairedDifference, alpha: number): Outcome {
  if (!isSignificant(difference, 1 - alpha)) return 'no difference found'
  return difference.difference < 0 ? 'worse' : 'better'
}

/** Share of samples in which a detectable loss is found, and the level of the interval whose half-width belongs to it. */
const POWER = 0.8
const POWER_LEVEL = 2 * POWER - 1

/**
 * The loss in points that a two-sided test at this level finds with a power of 0.8: the sum of two quantiles of the mean
 * difference (Lehr 1992), taken from bootstrap intervals. It is at least the loss at which enough questions change for
 * the exact test, which needs some even if the models differ nowhere.
 */
export function detectableLoss(
  [old, next]: readonly [EvaluatedModel, EvaluatedModel],
  metric: PromotionMetric,
  alpha: number,
): number {
  const scores = [inPercent(old.scores, metric), inPercent(next.scores, metric)] as const
  const halfWidth = (level: number) => {
    const { low, high } = bootstrapDifference(...scores, { confidence_level: level })
    return (high - low) / 2
  }
  const fewest = Math.ceil(1 + Math.log2(1 / alpha))
  return Math.max(halfWidth(1 - alpha) + halfWidth(POWER_LEVEL), (100 * fewest) / old.scores.length)
}

/** The questions that NEW answers worse, those with the largest loss first, and how many it answers better. */
export function changedQuestions(
  examples: readonly Example[],
  [old, next]: readonly [EvaluatedModel, EvaluatedModel],
  metric: PromotionMetric,
): { readonly worse: readonly WorsenedQuestion[]; readonly better: number } {
  const change = examples.map((_, i) => next.scores[i][metric] - old.scores[i][metric])
  const worse = examples
    .map((example, i) => ({ example, i }))
    .filter(({ i }) => change[i] < 0)
    .sort((a, b) => change[a.i] - change[b.i])
    .map(({ example: { id, question, answers }, i }) => ({
      id,
      question,
      expected: [...new Set(answers.map(({ text }) => text))],
      old_answer: old.predictions.get(id)!,
      new_answer: next.predictions.get(id)!,
      old_score: 100 * old.scores[i][metric],
      new_score: 100 * next.scores[i][metric],
    }))
  return { worse, better: change.filter((value) => value > 0).length }
}
