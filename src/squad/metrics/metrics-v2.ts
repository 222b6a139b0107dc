import { SpanforgeError } from '../../errors.ts'
import { showText } from '../../show-value.ts'
import type { Example } from '../types.ts'
import { answerTokens, exactMatch, f1OfTokens, meanPercent, type Predictions } from './metrics.ts'
import { averagePrecision, bestThreshold, type ThresholdedQuestion } from './no-answer-threshold.ts'

/** Metrics with the keys of the official script. Scores and average precisions are percentages. */
export interface SquadV2Metrics {
  readonly exact: number
  readonly f1: number
  readonly total: number
  readonly HasAns_exact?: number
  readonly HasAns_f1?: number
  readonly HasAns_total?: number
  readonly NoAns_exact?: number
  readonly NoAns_f1?: number
  readonly NoAns_total?: number
  readonly best_exact?: number
  readonly best_exact_thresh?: number
  readonly best_f1?: number
  readonly best_f1_thresh?: number
  readonly pr_exact_ap?: number
  readonly pr_f1_ap?: number
  readonly pr_oracle_ap?: number
}

export interface QuestionScoreV2 {
  readonly id: string
  /** Exact match in [0, 1], before any threshold is applied. */
  readonly exact: number
  readonly f1: number
  readonly has_answer: boolean
}

export interface SquadV2Result {
  readonly metrics: SquadV2Metrics
  readonly per_question: readonly QuestionScoreV2[]
  /** Ids of questions without a prediction, which score 0. The official script fails with a KeyError instead. */
  readonly missing: readonly string[]
}

export interface SquadV2Options {
  /** For each question id, a score for "no answer": run_qa's null odds, or a probability. */
  readonly no_answer_scores?: ReadonlyMap<string, number>
  /** A question with a higher no-answer score counts as answered with "" (default: 1). */
  readonly no_answer_threshold?: number
}

/**
 * The metrics of the official SQuAD v2.0 script: exact match and F1 over all questions and over those with (HasAns) and
 * without (NoAns) an answer. With no-answer scores, also the best thresholds and the average precisions.
 */
export function squadV2Metrics(
  predictions: Predictions,
  examples: readonly Example[],
  { no_answer_scores, no_answer_threshold = 1 }: SquadV2Options = {},
): SquadV2Result {
  if (examples.length === 0) throw new SpanforgeError('metrics: no questions, expected at least one')
  const per_question = examples.map((example) => scoreQuestion(example, predictions.get(example.id)))
  const missing = examples.filter(({ id }) => !predictions.has(id)).map(({ id }) => id)

  const silenced = (id: string) => predictions.has(id) && noAnswerScore(no_answer_scores, id) > no_answer_threshold
  const final = per_question.map((score): QuestionScoreV2 => {
    const right = score.has_answer ? 0 : 1
    return silenced(score.id) ? { ...score, exact: right, f1: right } : score
  })
  const hasAns = final.filter((score) => score.has_answer)
  const noAns = final.filter((score) => !score.has_answer)
  const metrics: SquadV2Metrics = {
    ...means(final),
    ...(hasAns.length > 0 && withPrefix('HasAns', hasAns)),
    ...(noAns.length > 0 && withPrefix('NoAns', noAns)),
    ...(no_answer_scores && thresholdMetrics(predictions, per_question, no_answer_scores)),
  }
  return { metrics, per_question, missing }
}

function scoreQuestion({ id, answers }: Example, prediction: string | undefined): QuestionScoreV2 {
  const has_answer = answers.length > 0
  if (prediction === undefined) return { id, exact: 0, f1: 0, has_answer }
  const texts = answers.map(({ text }) => text).filter((text) => answerTokens(text).length > 0)
  const golds = texts.length > 0 ? texts : ['']
  return {
    id,
    exact: Math.max(...golds.map((gold) => exactMatch(prediction, gold))),
    f1: Math.max(...golds.map((gold) => f1V2(prediction, gold))),
    has_answer,
  }
}

/** F1 of v2.0: unlike in v1.1, two texts without words are equal. */
function f1V2(prediction: string, gold: string): number {
  const [a, b] = [answerTokens(prediction), answerTokens(gold)]
  return a.length === 0 && b.length === 0 ? 1 : f1OfTokens(a, b)
}

const means = (scores: readonly QuestionScoreV2[]) => ({
  exact: meanPercent(scores.map((score) => score.exact)),
  f1: meanPercent(scores.map((score) => score.f1)),
  total: scores.length,
})

const withPrefix = (prefix: string, scores: readonly QuestionScoreV2[]) =>
  Object.fromEntries(Object.entries(means(scores)).map(([key, value]) => [`${prefix}_${key}`, value]))

function thresholdMetrics(
  predictions: Predictions,
  per_question: readonly QuestionScoreV2[],
  no_answer_scores: ReadonlyMap<string, number>,
): Partial<SquadV2Metrics> {
  // Uses the order of the no-answer scores, by which the official script breaks ties.
  const byId = new Map(per_question.map((score) => [score.id, score]))
  const questions = [...no_answer_scores.keys()].flatMap((id) => byId.get(id) ?? [])
  const scoredBy = (scoreOf: (score: QuestionScoreV2) => number): ThresholdedQuestion[] =>
    questions.map((question) => ({
      no_answer_score: noAnswerScore(no_answer_scores, question.id),
      has_answer: question.has_answer,
      score: scoreOf(question),
      prediction: predictions.get(question.id),
    }))
  const byExact = scoredBy((score) => score.exact)
  const byF1 = scoredBy((score) => score.f1)
  const exact = bestThreshold(byExact, per_question.length)
  const f1 = bestThreshold(byF1, per_question.length)
  const best = {
    best_exact: exact.best,
    best_exact_thresh: exact.threshold,
    best_f1: f1.best,
    best_f1_thresh: f1.threshold,
  }
  const answerable = per_question.filter((score) => score.has_answer).length
  if (answerable === 0) return best
  const byOracle = scoredBy((score) => Number(score.has_answer))
  return {
    ...best,
    pr_exact_ap: averagePrecision(byExact, answerable),
    pr_f1_ap: averagePrecision(byF1, answerable),
    pr_oracle_ap: averagePrecision(byOracle, answerable),
  }
}

function noAnswerScore(scores: ReadonlyMap<string, number> | undefined, id: string): number {
  if (!scores) return 0
  const score = scores.get(id)
  if (score === undefined)
    throw new SpanforgeError(`metrics: question ${showText(id)} has a prediction but no no-answer score`, {
      remedy: 'Use the null_odds.json that was written with these predictions.',
    })
  return score
}
