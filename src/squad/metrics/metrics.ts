import { SpanforgeError } from '../../errors.ts'
import type { Example } from '../types.ts'

/** Answer text by question id. A Map, because objects reorder keys that look like numbers. */
export type Predictions = ReadonlyMap<string, string>

/** Scores of one question, each in [0, 1]. */
export interface QuestionScore {
  readonly id: string
  readonly exact_match: number
  readonly f1: number
}

export interface SquadMetrics {
  /** Mean exact match over all questions, in percent. */
  readonly exact_match: number
  readonly f1: number
  readonly total: number
  readonly per_question: readonly QuestionScore[]
  /** Ids of questions without a prediction, which score 0. */
  readonly missing: readonly string[]
}

const PUNCTUATION = /[!-/:-@[-`{-~]/g

/** `\b(a|an|the)\b` where a word is made of Python's `\w`: letters, numbers of every kind, `_`; no combining marks. */
const ARTICLE = /(?<![\p{L}\p{N}_])(?:an?|the)(?![\p{L}\p{N}_])/gu

/**
 * Whitespace of Python's `str.split()`: unlike JavaScript's `\s`, includes U+001C to U+001F and U+0085, not U+FEFF.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: Python counts these four separators as whitespace.
const WHITE_SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/

/** The words that the metrics compare. Empty for a text that consists of articles and punctuation. */
export function answerTokens(text: string): string[] {
  const plain = text.toLowerCase().replace(PUNCTUATION, '').replace(ARTICLE, ' ')
  return plain.split(WHITE_SPACE).filter((token) => token !== '')
}

/**
 * The answer normalization of the official SQuAD scripts, with the exact semantics of Python: lower case, ASCII
 * punctuation and articles removed, whitespace collapsed.
 */
export const normalizeAnswer = (text: string): string => answerTokens(text).join(' ')

export const exactMatch = (prediction: string, gold: string): number =>
  normalizeAnswer(prediction) === normalizeAnswer(gold) ? 1 : 0

/** F1 over bags of words: the harmonic mean of precision and recall. 0 if no word is shared, even if both are empty. */
export const f1 = (prediction: string, gold: string): number => f1OfTokens(answerTokens(prediction), answerTokens(gold))

export function f1OfTokens(prediction: readonly string[], gold: readonly string[]): number {
  const shared = sizeOfIntersection(prediction, gold)
  if (shared === 0) return 0
  const precision = shared / prediction.length
  const recall = shared / gold.length
  return (2 * precision * recall) / (precision + recall)
}

/** @throws SpanforgeError for a question without answers, which requires `squadV2Metrics` */
export function checkAnswered(examples: readonly Example[]): void {
  const without = examples.find(({ answers }) => answers.length === 0)
  if (!without) return
  throw new SpanforgeError(`metrics: question ${without.id} has no answers, expected at least one`, {
    remedy: 'Set version_2_with_negative (--version_2_with_negative) for data with unanswerable questions.',
  })
}

/**
 * The metrics of the official SQuAD v1.1 script: the best exact match and F1 over the answers to each question,
 * averaged.
 * @throws SpanforgeError if there are no questions, or one without answers, which requires `squadV2Metrics`
 */
export function squadMetrics(predictions: Predictions, examples: readonly Example[]): SquadMetrics {
  if (examples.length === 0) throw new SpanforgeError('metrics: no questions, expected at least one')
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

/** Mean in percent, computed in the same order as in the official scripts, so that all digits agree. */
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
