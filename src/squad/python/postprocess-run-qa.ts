/**
 * An exact port of `postprocess_qa_predictions` from transformers' run_qa (utils_qa.py), in float32, for comparison
 * with Python. It combines the 20 best starts and ends of each window and drops pairs that are outside the context, too
 * long or reversed. `findAnswers` considers every span instead.
 */

import { SpanforgeError } from '../../errors.ts'
import { showText } from '../../show-value.ts'
import { groupByExample } from '../answers/answers.ts'
import { checkLogits, type WindowLogits } from '../answers/document-logits.ts'
import type { Example, Window } from '../types.ts'
import { float32Softmax } from './float32-softmax.ts'

export interface RunQaOptions {
  readonly version_2_with_negative?: boolean
  readonly n_best_size?: number
  readonly max_answer_length?: number
  readonly null_score_diff_threshold?: number
}

/** A candidate. Objects have the key order of nbest_predictions.json, which differs for the placeholder "empty". */
export interface RunQaCandidate {
  readonly text: string
  readonly start_logit: number
  readonly end_logit: number
  readonly probability: number
}

/** Predictions by question id, in the order of the examples. */
export interface RunQaPredictions {
  readonly predictions: ReadonlyMap<string, string>
  readonly nbest_predictions: ReadonlyMap<string, readonly RunQaCandidate[]>
  /** Null score minus the score of the best non-empty answer. Only for version 2. */
  readonly null_odds?: ReadonlyMap<string, number>
}

/** Computes predictions. If the logits include padding, it can be among the 20 best positions, as in run_qa. */
export function postprocessRunQa(
  examples: readonly Example[],
  windows: readonly Window[],
  logits: readonly WindowLogits[],
  options: RunQaOptions = {},
): RunQaPredictions {
  const predictions = new Map<string, string>()
  const nbest_predictions = new Map<string, readonly RunQaCandidate[]>()
  const null_odds = new Map<string, number>()
  const threshold = Math.fround(options.null_score_diff_threshold ?? 0)
  for (const [index, own] of groupByExample(windows, examples.length).entries()) {
    const { id, context } = examples[index]
    if (own.length === 0)
      throw new SpanforgeError(`run_qa: question ${showText(id)} has no windows, expected at least one`)
    for (const i of own) checkLogits(windows[i], logits[i], i)
    const nbest = nBest(
      context,
      own.map((i) => windows[i]),
      own.map((i) => logits[i]),
      options,
    )
    nbest_predictions.set(id, nbest)
    if (!options.version_2_with_negative) {
      predictions.set(id, nbest[0].text)
      continue
    }
    const answer = nbest.find(({ text }) => text !== '')!
    const nothing = nullCandidate(own.map((i) => logits[i]))
    const odds = Math.fround(Math.fround(nothing.score - answer.start_logit) - answer.end_logit)
    null_odds.set(id, odds)
    predictions.set(id, odds > threshold ? '' : answer.text)
  }
  return { predictions, nbest_predictions, ...(options.version_2_with_negative && { null_odds }) }
}

interface ScoredText {
  readonly text: string
  readonly start_logit: number
  readonly end_logit: number
  readonly score: number
}

function nBest(
  context: string,
  windows: readonly Window[],
  logits: readonly WindowLogits[],
  { version_2_with_negative = false, n_best_size = 20, max_answer_length = 30 }: RunQaOptions,
): RunQaCandidate[] {
  const all = windows.flatMap((window, i) => candidates(context, window, logits[i], n_best_size, max_answer_length))
  const nothing = nullCandidate(logits)
  if (version_2_with_negative) all.push(nothing)
  const best = all.sort((a, b) => b.score - a.score).slice(0, n_best_size)
  if (version_2_with_negative && !best.includes(nothing)) best.push(nothing)

  if (best.every(({ text }) => text === '')) {
    const scores = [0, ...best.map(({ score }) => score)]
    // In Python, a float 0.0 among the float32 scores makes numpy compute this softmax in float64.
    const probabilities = float64Softmax(scores)
    const empty = { text: 'empty', start_logit: 0, end_logit: 0, probability: probabilities[0] }
    return [empty, ...best.map((candidate, i) => withProbability(candidate, probabilities[i + 1]))]
  }
  const probabilities = float32Softmax(best.map(({ score }) => score))
  return best.map((candidate, i) => withProbability(candidate, probabilities[i]))
}

const withProbability = ({ start_logit, end_logit, text }: ScoredText, probability: number): RunQaCandidate => ({
  start_logit,
  end_logit,
  text,
  probability,
})

function candidates(
  context: string,
  { offsets, context_start, context_end }: Window,
  { start_logits, end_logits }: WindowLogits,
  n_best_size: number,
  max_answer_length: number,
): ScoredText[] {
  const inContext = (token: number) => token >= context_start && token < context_end
  const starts = largest(start_logits, n_best_size).filter(inContext)
  const ends = largest(end_logits, n_best_size).filter(inContext)
  return starts.flatMap((start) =>
    ends
      .filter((end) => end >= start && end - start + 1 <= max_answer_length)
      .map((end) => ({
        text: context.slice(offsets[2 * start], offsets[2 * end + 1]),
        start_logit: start_logits[start],
        end_logit: end_logits[end],
        score: Math.fround(start_logits[start] + end_logits[end]),
      })),
  )
}

/** The candidate for "no answer": [CLS] of the window with the lowest null score. */
function nullCandidate(logits: readonly WindowLogits[]): ScoredText {
  const candidates = logits.map(({ start_logits, end_logits }) => ({
    text: '',
    start_logit: start_logits[0],
    end_logit: end_logits[0],
    score: Math.fround(start_logits[0] + end_logits[0]),
  }))
  return candidates.reduce((least, candidate) => (candidate.score < least.score ? candidate : least))
}

/** Indices of the largest values in descending order. Ties are in reverse order, as in numpy's reversed argsort. */
const largest = (values: Float32Array, count: number): number[] =>
  Array.from(values, (_, index) => index)
    .sort((a, b) => values[b] - values[a] || b - a)
    .slice(0, count)

function float64Softmax(scores: readonly number[]): number[] {
  const highest = Math.max(...scores)
  const exps = scores.map((score) => Math.exp(score - highest))
  const total = exps.reduce((sum, exp) => sum + exp, 0)
  return exps.map((exp) => exp / total)
}
