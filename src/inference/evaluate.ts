import { SpanforgeError } from '../errors.ts'
import type { BertForQuestionAnswering, RowLogits } from '../models/question-answering.ts'
import { answerExamples, type ExampleAnswers } from '../squad/answers.ts'
import type { Dataset } from '../squad/dataset.ts'
import { squadMetrics } from '../squad/metrics.ts'
import { squadV2Metrics } from '../squad/metrics-v2.ts'
import { type ForwardOptions, windowLosses } from './logits.ts'

export interface EvaluateOptions extends ForwardOptions {
  readonly max_answer_length?: number
  readonly version_2_with_negative?: boolean
  readonly null_score_diff_threshold?: number
}

/** What `Trainer.evaluate` gives, and what nobody should have to ask for: EM and F1 in per cent. */
export interface EvaluationMetrics {
  readonly eval_loss: number
  readonly eval_exact_match: number
  readonly eval_f1: number
  readonly eval_runtime: number
  readonly eval_samples_per_second: number
  readonly eval_tokens_per_second: number
}

export interface Evaluation {
  readonly metrics: EvaluationMetrics
  /** By question, in order. */
  readonly answers: readonly ExampleAnswers[]
  /** By window, in order. */
  readonly logits: readonly RowLogits[]
}

/**
 * The loss over all windows, the best answer to each question, and how well those agree with the given answers.
 * @throws SpanforgeError where the loss is not a finite number
 */
export async function evaluate(
  model: BertForQuestionAnswering,
  { examples, windows }: Dataset,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const start = performance.now()
  const { logits, loss } = await windowLosses(model, windows, options)
  if (!Number.isFinite(loss))
    throw new SpanforgeError(`evaluation: the loss is ${loss}, expected a finite number`, {
      remedy: 'The weights are far too large or not numbers: their training needs a lower learning_rate.',
    })
  const { version_2_with_negative = false, max_answer_length = 30, null_score_diff_threshold = 0 } = options
  const answers = answerExamples(examples, windows, logits, {
    max_answer_length,
    handle_impossible_answer: version_2_with_negative,
    null_score_diff_threshold,
  })
  const predictions = new Map(examples.map(({ id }, i) => [id, answers[i]!.candidates[0]!.answer]))
  const score = () => {
    if (!version_2_with_negative) return squadMetrics(predictions, examples)
    const { exact, f1 } = squadV2Metrics(predictions, examples).metrics
    return { exact_match: exact, f1 }
  }
  const { exact_match, f1 } = score()
  const seconds = (performance.now() - start) / 1000
  const tokens = windows.reduce((n, { input_ids }) => n + input_ids.length, 0)
  return {
    metrics: {
      eval_loss: loss,
      eval_exact_match: exact_match,
      eval_f1: f1,
      eval_runtime: seconds,
      eval_samples_per_second: windows.length / seconds,
      eval_tokens_per_second: tokens / seconds,
    },
    answers,
    logits,
  }
}
