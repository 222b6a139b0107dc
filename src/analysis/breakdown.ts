import { bootstrapMean } from '../squad/bootstrap.ts'
import { type Dimension, isCatchAll, labelOrder } from './dimensions.ts'
import type { AnalysedQuestion, Breakdown, Group, GroupScore } from './types.ts'

/** A group of fewer questions gets no interval: that of three right answers would be "100 to 100". */
export const FEWEST_FOR_INTERVAL = 20

/** The questions sorted by one property, with the scores of each group. */
export function breakdown(
  dimension: Dimension,
  questions: readonly Pick<AnalysedQuestion, 'groups' | 'exact_match' | 'f1'>[],
): Breakdown {
  const labels = [...new Set(questions.map(({ groups }) => groups[dimension]))]
  const groups = labels.map((label): Group => {
    const own = questions.filter((question) => question.groups[dimension] === label)
    const score = (key: 'exact_match' | 'f1') => groupScore(own.map((question) => question[key]))
    const uncertain = own.length < FEWEST_FOR_INTERVAL
    return { label, count: own.length, exact_match: score('exact_match'), f1: score('f1'), uncertain }
  })
  return { dimension, groups: groups.sort(inOrder(labelOrder(dimension))) }
}

function groupScore(scores: readonly number[]): GroupScore {
  const inPerCent = scores.map((score) => 100 * score)
  if (scores.length < FEWEST_FOR_INTERVAL) return { mean: inPerCent.reduce((a, b) => a + b) / scores.length }
  return bootstrapMean(inPerCent, { resamples: 2000 })
}

const inOrder =
  (order: readonly string[] | undefined) =>
  (a: Group, b: Group): number =>
    order
      ? order.indexOf(a.label) - order.indexOf(b.label)
      : Number(isCatchAll(a.label)) - Number(isCatchAll(b.label)) || b.count - a.count
