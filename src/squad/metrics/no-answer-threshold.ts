/** Analyses of the no-answer threshold from the official SQuAD v2.0 script. */

export interface ThresholdedQuestion {
  /** Score for "no answer" on any monotone scale. */
  readonly no_answer_score: number
  readonly has_answer: boolean
  /** Exact match or F1 of the prediction, in [0, 1]. */
  readonly score: number
  /** Predicted text. "" means no answer at any threshold; undefined, a missing prediction, always scores 0. */
  readonly prediction: string | undefined
}

/**
 * Finds the threshold above which answering "" gives the best mean score, in percent of `total` questions. Starts with
 * "" for every question and answers one more at a time, most confident first. Ties keep their order.
 */
export function bestThreshold(
  questions: readonly ThresholdedQuestion[],
  total: number,
): { readonly best: number; readonly threshold: number } {
  const predicted = questions.filter(({ prediction }) => prediction !== undefined)
  let score = predicted.filter(({ has_answer }) => !has_answer).length
  let best = score
  let threshold = 0
  for (const question of surestFirst(predicted)) {
    if (question.has_answer) score += question.score
    else if (question.prediction !== '') score -= 1
    if (score > best) {
      best = score
      threshold = question.no_answer_score
    }
  }
  return { best: (100 * best) / total, threshold }
}

/**
 * Finds a value for `null_score_diff_threshold`, like bestThreshold for predictions that are never "", but halfway to
 * the score of the next question, which generalizes better. Outside the range of scores, it is 1 beyond the last one.
 */
export function tuneThreshold(questions: readonly Omit<ThresholdedQuestion, 'prediction'>[]): number {
  const sorted = surestFirst(questions)
  let score = questions.filter(({ has_answer }) => !has_answer).length
  let best = score
  let answered = 0
  for (const [i, question] of sorted.entries()) {
    score += question.has_answer ? question.score : -1
    // No threshold separates equal scores.
    if (score <= best || sorted[i + 1]?.no_answer_score === question.no_answer_score) continue
    best = score
    answered = i + 1
  }
  const scoreOf = (i: number) => sorted[i]?.no_answer_score ?? 0
  if (answered === 0) return scoreOf(0) - 1
  if (answered === sorted.length) return scoreOf(answered - 1) + 1
  return (scoreOf(answered - 1) + scoreOf(answered)) / 2
}

/** Average precision in percent: the area under the precision-recall curve for `answerable` questions in total. */
export function averagePrecision(questions: readonly ThresholdedQuestion[], answerable: number): number {
  const sorted = surestFirst(questions)
  let truePositives = 0
  let recall = 0
  let area = 0
  sorted.forEach((question, i) => {
    if (question.has_answer) truePositives += question.score
    // No threshold separates equal scores.
    if (sorted[i + 1]?.no_answer_score === question.no_answer_score) return
    area += (truePositives / (i + 1)) * (truePositives / answerable - recall)
    recall = truePositives / answerable
  })
  return 100 * area
}

const surestFirst = <Q extends { readonly no_answer_score: number }>(questions: readonly Q[]): Q[] =>
  [...questions].sort((a, b) => a.no_answer_score - b.no_answer_score)
