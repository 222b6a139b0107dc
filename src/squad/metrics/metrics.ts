import { SpanforgeError } from '../../errors.ts'
import type { Example } from '../types.ts'
import { answerTokens, normalizeAnswer } from './normalize-answer.ts'

/** Question id to answer text. A map, since objects reorder keys that look like numbers. */
export type Predictions = ReadonlyMap<string, string>

/** Scores of one question, each in [0, 1]. */
export interface QuestionScore {
  readonly id: string
  readonly exact_match: number
  readonly f1: number
}

export interface SquadMetrics {
  /** Means over all questions, in per cent. */
  readonly exact_match: number
  readonly f1: number
  readonly total: number
  readonly per_question: readonly QuestionScore[]
  /** Ids of the questions without a prediction: each scores 0. */
  readonly missing: readonly string[]
}

export const exactMatch = (prediction: string, gold: string): number =>
  normalizeAnswer(prediction) === normalizeAnswer(gold) ? 1 : 0

/** Harmonic mean of precision and recall over bags of words; 0 where no word is shared, even if both are empty. */
export const f1 = (prediction: string, gold: string): number => f1OfTokens(answerTokens(prediction), answerTokens(gold))

export function f1OfTokens(prediction: readonly string[], gold: readonly string[]): number {
  const shared = sizeOfIntersection(prediction, gold)
  if (shared === 0) return 0
  const precision = shared / prediction.length
  const recall = shared / gold.length
  return (2 * precision * recall) / (precision + recall)
}

/** @throws SpanforgeError where a question has no answer: that is SQuAD v2.0, `squadV2Metrics` */
export function checkAnswered(examples: readonly Example[]): void {
  const without = examples.find(({ answers }) => answers.length === 0)
  if (!without) return
  throw new SpanforgeError(`metrics: question ${without.id} has no answers, expected at least one`, {
    remedy: 'Set version_2_with_negative (--version_2_with_negative) for data with unanswerable questions.',
  })
}

/**
 * The official SQuAD v1.1 script: for each question the best exact match and the best F1 over its answers, averaged.
 * Throws when there is no question, or one without answers (that is SQuAD v2.0: `squadV2Metrics`).
 */
export function squadMetrics(predictions: Predictions, examples: readonly Example[]): SquadMetrics {
  if (examples.length === 0) throw new SpanforgeError('metrics: there are no questions, expected at least one')
  checkAnswered(examples)
  const missing: string[] = []
  const per_question = examples.map(({ id, answers }): QuestionScore => {
    const prediction = predictions.get(id)
    if (prediction === undefined) {
      missing.push(id)
      return { id, exact_match: 0, f1: 0 }
    }
    return {
      id,
      exact_match: Math.max(...answers.map(({ text }) => exactMatch(prediction, text))),
      f1: Math.max(...answers.map(({ text }) => f1(prediction, text))),
    }
  })
  return {
    exact_match: meanPercent(per_question.map((score) => score.exact_match)),
    f1: meanPercent(per_question.map((score) => score.f1)),
    total: examples.length,
    per_question,
    missing,
  }
}

/** Mean in per cent, added up and scaled in the order of the official scripts, so that the last digit agrees. */
export const meanPercent = (scores: readonly number[]): number =>
  (100 * scores.reduce((sum, score) => sum + score, 0)) / scores.length

function sizeOfIntersection(a: readonly string[], b: readonly string[]): number {
  const left = new Map<string, number>()
  for (const token of a) left.set(token, (left.get(token) ?? 0) + 1)
  let size = 0
  for (const token of b) {
    const count = left.get(token) ?? 0
    if (count === 0) continue
    left.set(token, count - 1)
    size++
  }
  return size
}
