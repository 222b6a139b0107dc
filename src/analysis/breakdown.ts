import { bootstrapMean } from '../squad/metrics/bootstrap.ts'
import { type Dimension, isCatchAll, labelOrder } from './dimensions.ts'
import type { AnalyzedQuestion, Breakdown, GroupScore, QuestionGroup } from './types.ts'

/** Minimum group size for an interval. The interval of three right answers, for example, would be "100 to 100". */
export const MIN_FOR_INTERVAL = 20

/** Groups the questions by one dimension and computes the scores of each group. */
export function breakdown(
  dimension: Dimension,
  questions: readonly Pick<AnalyzedQuestion, 'groups' | 'exact_match' | 'f1'>[],
): Breakdown {
  const labels = [...new Set(questions.map(({ groups }) => groups[dimension]))]
  const groups = labels.map((label): QuestionGroup => {
    const own = questions.filter((question) => question.groups[dimension] === label)
    // Fewer resamples keep large datasets fast. A group of all questions uses the default, as the overall score does.
    const resamples = own.length === questions.length ? undefined : 2000
    const score = (scores: readonly number[]) => groupScore(scores, resamples)
    const exact_match = score(own.map((question) => question.exact_match))
    const f1 = score(own.map((question) => question.f1))
    const uncertain = own.length < MIN_FOR_INTERVAL
    return { label, count: own.length, exact_match, f1, uncertain }
  })
  return { dimension, groups: groups.sort(inOrder(labelOrder(dimension))) }
}

function groupScore(scores: readonly number[], resamples?: number): GroupScore {
  const inPerCent = scores.map((score) => 100 * score)
  if (scores.length < MIN_FOR_INTERVAL) return { mean: inPerCent.reduce((a, b) => a + b) / scores.length }
  return bootstrapMean(inPerCent, { resamples })
}

const inOrder =
  (order: readonly string[] | undefined) =>
  (a: QuestionGroup, b: QuestionGroup): number =>
    order
      ? order.indexOf(a.label) - order.indexOf(b.label)
      : Number(isCatchAll(a.label)) - Number(isCatchAll(b.label)) || b.count - a.count
