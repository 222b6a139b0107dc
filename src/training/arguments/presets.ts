import { UsageError } from '../../errors.ts'
import { nearestName } from '../../known-options.ts'
import type { TrainingArgumentsInput } from './arguments.ts'

/** Named sets of arguments. Other given arguments take precedence. */
export const presets: Readonly<Record<string, TrainingArgumentsInput>> = {
  /**
   * The notebook from which spanforge originated: 3,074 windows and 3 epochs of 193 steps, with fp16 where the
   * device supports it.
   */
  notebook: {
    model: 'bert-base-uncased',
    dataset: 'squad',
    max_train_samples: 3000,
    max_eval_samples: 500,
    max_seq_length: 384,
    doc_stride: 128,
    output_dir: 'results',
    num_train_epochs: 3,
    per_device_train_batch_size: 16,
    per_device_eval_batch_size: 16,
    learning_rate: 3e-5,
    weight_decay: 0.01,
    eval_strategy: 'epoch',
    save_strategy: 'epoch',
    load_best_model_at_end: true,
    metric_for_best_model: 'loss',
    fp16: null,
    dataloader_num_workers: 2,
  },
}

/** @throws UsageError if the preset is unknown */
export function presetArguments(name: string): TrainingArgumentsInput {
  if (Object.hasOwn(presets, name)) return presets[name]
  const names = Object.keys(presets)
  const near = nearestName(name, names)
  throw new UsageError(`unknown preset "${name}"`, near ? `Did you mean ${near}?` : `Available presets: ${names}.`)
}
