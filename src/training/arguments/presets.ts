import { nearestName } from '../../edit-distance.ts'
import { UsageError } from '../../errors.ts'
import type { TrainingArgumentsInput } from './arguments.ts'

/** Arguments that belong together, by a name. Whatever else is given wins over them. */
export const presets: Readonly<Record<string, TrainingArgumentsInput>> = {
  /**
   * The run of the notebook that spanforge grew from: 3,074 windows in 3 epochs of 193 steps. Its fp16 is for its GPU,
   * and is left out: a CPU computes in float32.
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
    dataloader_num_workers: 2,
  },
}

/** @throws UsageError for a name that is none */
export function presetArguments(name: string): TrainingArgumentsInput {
  if (Object.hasOwn(presets, name)) return presets[name]
  const names = Object.keys(presets)
  const near = nearestName(name, names)
  throw new UsageError(`preset: there is none called "${name}"`, near ? `Did you mean ${near}?` : `There is ${names}.`)
}
