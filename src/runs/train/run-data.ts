import { UsageError } from '../../errors.ts'
import type { HubOptions } from '../../hub/index.ts'
import type { Example } from '../../squad/types.ts'
import type { TrainingArguments } from '../../training/arguments/arguments.ts'
import { loadExamples } from '../load/load-data.ts'

export interface RunData {
  readonly train: readonly Example[]
  /** Empty where there is nothing to evaluate on. */
  readonly validation: readonly Example[]
}

/**
 * The questions that a run trains and evaluates on: splits of `dataset`, or files.
 * @throws UsageError where the arguments name no data to train on, or two
 */
export async function readRunData(args: TrainingArguments, hub?: HubOptions): Promise<RunData> {
  const { dataset, train_file, validation_file, train_split, validation_split } = args
  if (dataset && train_file)
    throw new UsageError('train: --dataset and --train_file both say what to train on', 'Give one of them.')
  const [train_source, validation_source] = [dataset ?? train_file, validation_file ?? dataset]
  if (!train_source)
    throw new UsageError(
      'train: there is nothing to train on',
      'Give a data set by name (--dataset squad) or a file (--train_file train.json).',
    )
  const choice = { config: args.dataset_config, revision: args.dataset_revision, hub }
  const train = await loadExamples(train_source, { ...choice, split: train_split, max_samples: args.max_train_samples })
  if (!validation_source) return { train, validation: [] }
  const max_samples = args.max_eval_samples
  const validation = await loadExamples(validation_source, { ...choice, split: validation_split, max_samples })
  return { train, validation }
}
