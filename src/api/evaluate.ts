import { resolveEvaluateOptions } from '../inference/answer-options.ts'
import { type EvaluateOptions, type Evaluation, evaluateDataset as evaluateModel } from '../inference/evaluate.ts'
import type { SpanModel } from '../models/span-model.ts'
import type { Dataset } from '../squad/dataset.ts'
import { storedSettings } from './model.ts'

/**
 * Evaluates a model: computes the loss over all windows, the best answer to each question, and the scores of the
 * answers. Options that are omitted use the settings stored with the model (answer_settings.json): whether "" is a
 * possible answer, its threshold, and the confidence model.
 * @throws SpanforgeError for unanswerable questions without `version_2_with_negative`, before the evaluation starts,
 * and if the loss is not finite
 */
export function evaluate(model: SpanModel, dataset: Dataset, options: EvaluateOptions = {}): Promise<Evaluation> {
  return evaluateModel(model, dataset, resolveEvaluateOptions(options, storedSettings(model)))
}
