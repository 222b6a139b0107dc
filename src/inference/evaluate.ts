import { SpanforgeError } from '../errors.ts'
import type { SpanModel } from '../models/span-model.ts'
import { answerExamples, type ExampleAnswers } from '../squad/answers/answers.ts'
import type { ConfidenceModel } from '../squad/answers/confidence.ts'
import type { WindowLogits } from '../squad/answers/document-logits.ts'
import type { Dataset } from '../squad/dataset.ts'
import { checkAnswered, type Predictions, squadMetrics } from '../squad/metrics/metrics.ts'
import { type SquadV2Metrics, squadV2Metrics } from '../squad/metrics/metrics-v2.ts'
import type { Example } from '../squad/types.ts'
import { type ForwardOptions, windowLosses } from './logits.ts'

export interface EvaluateOptions extends ForwardOptions {
  readonly max_answer_length?: number
  readonly version_2_with_negative?: boolean
  readonly null_score_diff_threshold?: number
  /** Number of answers to keep per question (default: 1). */
  readonly top_k?: number
  /** If given, answers also have a confidence. */
  readonly confidence?: ConfidenceModel
}

/** Additional metrics of the SQuAD v2.0 script, under the names that run_qa logs. */
type V2EvaluationMetrics = {
  readonly [K in Exclude<keyof SquadV2Metrics, 'exact' | 'f1' | 'total'> as `eval_${K}`]?: SquadV2Metrics[K]
}

/** The metrics of `Trainer.evaluate`, plus EM and F1 in percent. */
export interface EvaluationMetrics extends V2EvaluationMetrics {
  readonly eval_loss: number
  readonly eval_exact_match: number
  readonly eval_f1: number
  readonly eval_runtime: number
  readonly eval_samples_per_second: number
  readonly eval_tokens_per_second: number
}

export interface Evaluation {
  readonly metrics: EvaluationMetrics
  /** One entry per question, in order. */
  readonly answers: readonly ExampleAnswers[]
  /** Scores of the best answer, one entry per question. */
  readonly scores: readonly AnswerScore[]
  /** One entry per window, in order. */
  readonly logits: readonly WindowLogits[]
}

/** Scores of a single question, in [0, 1]. */
export interface AnswerScore {
  readonly exact_match: number
  readonly f1: number
}

/** Average EM and F1 in percent, together with the scores of each question. */
export interface Scored extends AnswerScore {
  readonly scores: readonly AnswerScore[]
  /** All metrics of the SQuAD v2.0 script, if it was used. */
  readonly v2?: SquadV2Metrics
}

/**
 * Computes the loss over all windows and the best answer to each question, and scores the answers.
 * @throws SpanforgeError if a question has no answer and `version_2_with_negative` is not set (before any computation),
 * or if the loss is not finite
 */
export async function evaluateDataset(
  model: SpanModel,
  dataset: Dataset,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  if (!options.version_2_with_negative) checkAnswered(dataset.examples)
  const start = performance.now()
  const computed = await windowLosses(model, dataset.windows, options)
  return evaluateLogits(dataset, computed, () => (performance.now() - start) / 1000, options)
}

/** Like `evaluateDataset`, with logits that are already computed. `runtime` returns its duration in seconds. */
export function evaluateLogits(
  { examples, windows }: Dataset,
  { logits, loss }: { readonly logits: readonly WindowLogits[]; readonly loss: number },
  runtime: () => number,
  options: EvaluateOptions = {},
): Evaluation {
  const { version_2_with_negative = false, max_answer_length = 30, null_score_diff_threshold = 0 } = options
  checkLoss(loss)
  const answers = answerExamples(examples, windows, logits, {
    top_k: options.top_k,
    max_answer_length,
    handle_impossible_answer: version_2_with_negative,
    null_score_diff_threshold,
    confidence: options.confidence,
  })
  const predictions = new Map(examples.map(({ id }, i) => [id, answers[i].candidates[0].answer]))
  const odds = version_2_with_negative ? new Map(examples.map(({ id }, i) => [id, answers[i].null_odds])) : undefined
  const { exact_match, f1, scores, v2 } = scorePredictions(examples, predictions, odds)
  const seconds = runtime()
  const tokens = windows.reduce((n, { input_ids }) => n + input_ids.length, 0)
  return {
    metrics: {
      eval_loss: loss,
      eval_exact_match: exact_match,
      eval_f1: f1,
      ...v2Entries(v2),
      eval_runtime: seconds,
      eval_samples_per_second: windows.length / seconds,
      eval_tokens_per_second: tokens / seconds,
    },
    answers,
    scores,
    logits,
  }
}

/** @throws SpanforgeError if the loss is not finite */
export function checkLoss(loss: number): void {
  if (Number.isFinite(loss)) return
  throw new SpanforgeError(`evaluation: the loss is ${loss}, expected a finite number`, {
    remedy: 'The weights are too large or contain NaN. Train with a lower learning_rate.',
  })
}

/**
 * Scores predictions like the script of SQuAD v1.1 or, if null odds are given, like that of v2.0. Null odds express how
 * confident the model is that there is no answer.
 */
export function scorePredictions(
  examples: readonly Example[],
  predictions: Predictions,
  null_odds?: ReadonlyMap<string, number>,
): Scored {
  if (!null_odds) {
    const { exact_match, f1, per_question } = squadMetrics(predictions, examples)
    return { exact_match, f1, scores: per_question.map(({ exact_match, f1 }) => ({ exact_match, f1 })) }
  }
  const options = { no_answer_scores: null_odds, no_answer_threshold: Number.POSITIVE_INFINITY }
  const { metrics, per_question } = squadV2Metrics(predictions, examples, options)
  const scores = per_question.map(({ exact, f1 }) => ({ exact_match: exact, f1 }))
  return { exact_match: metrics.exact, f1: metrics.f1, scores, v2: metrics }
}

function v2Entries(v2: SquadV2Metrics | undefined): V2EvaluationMetrics {
  if (!v2) return {}
  const { exact, f1, total, ...more } = v2
  return Object.fromEntries(Object.entries(more).map(([name, value]) => [`eval_${name}`, value]))
}
