import { resolveEvaluateOptions } from '../inference/answer-options.ts'
import { type EvaluateOptions, type Evaluation, evaluateDataset as evaluateModel } from '../inference/evaluate.ts'
import type { QuestionAnsweringModel } from '../models/question-answering.ts'
import type { Dataset } from '../squad/dataset.ts'
import { storedSettings } from './model.ts'

/**
 * The loss over all windows, the best answer to each question, and how well those agree with the given answers. What
 * `options` leave open is as stored with the model (answer_settings.json): whether "" may be an answer, from which
 * threshold on, and what the confidence of answers is computed with.
 * @throws SpanforgeError for questions without an answer where `version_2_with_negative` is not set, before any work is
 * done, and where the loss is not a finite number
 */
export function evaluate(
  model: QuestionAnsweringModel,
  dataset: Dataset,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  return evaluateModel(model, dataset, resolveEvaluateOptions(options, storedSettings(model)))
}
