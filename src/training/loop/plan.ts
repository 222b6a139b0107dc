import { UsageError } from '../../errors.ts'
import type { TrainingArguments } from '../arguments/arguments.ts'
import { batchesPerEpoch } from './batches.ts'

/** The length of a run. */
export interface Plan {
  readonly batches_per_epoch: number
  /** Number of optimizer steps. The last one may have fewer batches. */
  readonly steps_per_epoch: number
  /** Total number of optimizer steps. */
  readonly max_steps: number
  /** Number of epochs, including an incomplete last one. */
  readonly epochs: number
  /** Number of windows trained on, as transformers counts them for its rate. */
  readonly samples: number
}

/** Plans a run as transformers does: max_steps overrides num_train_epochs, which may be fractional. */
export function planRun(windows: number, args: TrainingArguments): Plan {
  const batches_per_epoch = batchesPerEpoch(windows, args)
  if (batches_per_epoch === 0)
    throw new UsageError(
      `training: ${windows} windows are not enough for a full batch of ${args.per_device_train_batch_size}`,
      'Lower per_device_train_batch_size, or remove dataloader_drop_last.',
    )
  const { max_steps, num_train_epochs, per_device_train_batch_size, gradient_accumulation_steps } = args
  const steps_per_epoch = Math.ceil(batches_per_epoch / gradient_accumulation_steps)
  const epoch = { batches_per_epoch, steps_per_epoch }
  if (max_steps > 0) {
    const samples = max_steps * per_device_train_batch_size * gradient_accumulation_steps
    return { ...epoch, max_steps, epochs: Math.ceil(max_steps / steps_per_epoch), samples }
  }
  return {
    ...epoch,
    max_steps: Math.ceil(num_train_epochs * steps_per_epoch),
    epochs: Math.ceil(num_train_epochs),
    samples: windows * num_train_epochs,
  }
}
