import { type EvaluateOptions, type Evaluation, evaluateDataset } from '../../inference/evaluate.ts'
import type { QuestionAnsweringModel } from '../../models/question-answering.ts'
import type { Dataset } from '../../squad/dataset.ts'
import type { Screen } from '../screen/screen.ts'

/** Evaluates a model outside of the training loop, with a progress bar. */
export async function evaluateOnScreen(
  screen: Screen,
  label: string,
  model: QuestionAnsweringModel,
  dataset: Dataset,
  options: EvaluateOptions,
): Promise<Evaluation> {
  const progress = screen.counting(label, 'samples', dataset.windows.length)
  try {
    return await evaluateDataset(model, dataset, { ...options, onProgress: progress.update })
  } finally {
    progress.stop()
  }
}
