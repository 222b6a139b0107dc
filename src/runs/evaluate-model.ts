import { UsageError } from '../errors.ts'
import { type EvaluateOptions, evaluate } from '../inference/evaluate.ts'
import { newlyInitialized } from '../inference/pretrained.ts'
import type { WindowOptions } from '../squad/windows.ts'
import { cutWindows, type DataOptions, dataChoice, readExamples } from './load-data.ts'
import { type HubChoice, loadModel } from './load-model.ts'
import type { Screen } from './screen.ts'

export interface EvaluateModelOptions
  extends WindowOptions,
    DataOptions,
    Omit<EvaluateOptions, 'max_seq_length' | 'onProgress'> {
  readonly model: string
  readonly data: string
  readonly max_samples?: number
  readonly screen: Screen
  readonly hub?: HubChoice
}

/** What `spanforge evaluate --json` prints. Samples are windows, as in transformers. */
export interface ModelEvaluation {
  readonly eval_loss: number
  readonly exact_match: number
  readonly f1: number
  readonly examples: number
  readonly windows: number
  /** In seconds. */
  readonly runtime: number
  readonly samples_per_second: number
}

/** Loss, exact match and F1 of a saved model on a data file. */
export async function evaluateModel(options: EvaluateModelOptions): Promise<ModelEvaluation> {
  const { screen, max_samples, hub } = options
  const examples = await readExamples(options.data, {
    ...dataChoice(options, { split: 'validation', hub }),
    max_samples,
  })
  const { model, tokenizer, report } = await loadModel(options.model, {}, hub)
  const warning = newlyInitialized(options.model, report)
  if (warning) screen.print(`${warning}\n`)
  checkLength(options, model.config.max_position_embeddings)
  const data = await cutWindows(tokenizer, examples, { ...options, label: 'Tokenizing' })
  const progress = screen.counting('Evaluating', 'samples', data.windows.length)
  try {
    const { metrics } = await evaluate(model, data, { ...options, onProgress: progress.update })
    return {
      eval_loss: metrics.eval_loss,
      exact_match: metrics.eval_exact_match,
      f1: metrics.eval_f1,
      examples: examples.length,
      windows: data.windows.length,
      runtime: metrics.eval_runtime,
      samples_per_second: metrics.eval_samples_per_second,
    }
  } finally {
    progress.stop()
    await model.release()
  }
}

function checkLength({ model, max_seq_length }: EvaluateModelOptions, positions: number): void {
  if (max_seq_length <= positions) return
  const stride = Math.floor(positions / 4)
  throw new UsageError(
    `evaluate: max_seq_length ${max_seq_length} is more than the ${positions} positions of ${model}`,
    `Give --max_seq_length ${positions} and a --doc_stride such as ${stride}, or what the model was trained with.`,
  )
}
