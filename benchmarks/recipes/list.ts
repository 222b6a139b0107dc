import type { TrainingArgumentsInput } from '../../src/training/arguments/arguments.ts'
import type { SourceName } from './data.ts'

export interface Recipe {
  /** What the recipe does differently from the baseline. */
  readonly about: string
  /** Arguments that differ from the baseline's. */
  readonly arguments?: TrainingArgumentsInput
  /** How often the questions of a source are in an epoch (default: once). */
  readonly copies?: Partial<Record<SourceName, number>>
  /** Measured time per window, relative to the baseline (default: 1). Such a recipe sees fewer windows. */
  readonly cost?: number
}

/** Arguments of the baseline, which are also those of the other recipes unless they say otherwise. */
export const BASELINE: TrainingArgumentsInput = {
  per_device_train_batch_size: 16,
  per_device_eval_batch_size: 16,
  learning_rate: 1.5e-4,
  lr_scheduler_type: 'linear',
  weight_decay: 0.01,
  max_seq_length: 384,
  doc_stride: 128,
}

export const RECIPES: Readonly<Record<string, Recipe>> = {
  baseline: { about: 'batches of 16, learning rate 1.5e-4 with linear decay, all training data' },
}
