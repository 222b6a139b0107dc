import type { ExampleAnswers } from '../answers/answers.ts'
import {
  answerConfidence,
  type ConfidenceModel,
  type JudgedQuestion,
  noAnswerConfidence,
} from '../answers/confidence.ts'
import type { Example } from '../types.ts'
import type { JudgedAnswer } from './calibration.ts'
import { exactMatch } from './metrics.ts'

/** Number of candidates per question from which the positions for a fit are taken, and number of positions to use. */
export const FITTED_TOP_K = 20
const FITTED_PLACES = 3

const FOLDS = 5

/** Whether "" is a possible answer, and the threshold for it. */
export interface NoAnswerRule {
  readonly handle_impossible_answer: boolean
  readonly null_score_diff_threshold: number
}

/** Compares answers, found with `top_k: FITTED_TOP_K` and `evidence`, with the labeled answers. */
export const judgeQuestions = (examples: readonly Example[], found: readonly ExampleAnswers[]): JudgedQuestion[] =>
  examples.map(({ answers: gold }, i) => ({
    answers: found[i].candidates
      .flatMap(({ answer, evidence }) =>
        evidence ? [{ evidence, correct: gold.some(({ text }) => exactMatch(answer, text) === 1) }] : [],
      )
      .slice(0, FITTED_PLACES),
    null_odds: found[i].null_odds,
    has_answer: gold.length > 0,
  }))

/** The confidence of the final answer and whether it is right; undefined if there is no confidence. */
export function judgeGiven(
  model: ConfidenceModel,
  { answers: [best], null_odds, has_answer }: JudgedQuestion,
  { handle_impossible_answer, null_score_diff_threshold }: NoAnswerRule,
): JudgedAnswer | undefined {
  if (best && !(handle_impossible_answer && null_odds > null_score_diff_threshold))
    return { confidence: answerConfidence(model, best.evidence), correct: best.correct }
  const confidence = noAnswerConfidence(model, null_odds)
  return confidence === null ? undefined : { confidence, correct: !has_answer }
}

/**
 * Cross-validates a fit: returns a function that maps each example to the model fitted without it. Examples with the
 * same context are in the same fold, because they are similar.
 */
export function crossFit(
  contexts: readonly string[],
  fit: (isUsed: (example: number) => boolean) => ConfidenceModel,
): (example: number) => ConfidenceModel {
  const folds = foldsOf(contexts)
  const models = new Map([...new Set(folds)].map((fold) => [fold, fit((example) => folds[example] !== fold)]))
  return (example) => models.get(folds[example])!
}

/** Assigns folds. Neighboring contexts, often of one article, share a fold; a single context is split by question. */
function foldsOf(contexts: readonly string[]): number[] {
  const distinct = [...new Set(contexts)]
  const place = new Map(distinct.map((context, i) => [context, i]))
  if (distinct.length === 1) return contexts.map((_, i) => Math.floor((FOLDS * i) / contexts.length))
  return contexts.map((context) => Math.floor((FOLDS * place.get(context)!) / distinct.length))
}
