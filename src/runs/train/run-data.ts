import { UsageError } from '../../errors.ts'
import type { HubOptions } from '../../hub/http/options.ts'
import type { Example } from '../../squad/types.ts'
import type { TrainingArguments } from '../../training/arguments/arguments.ts'
import { loadExamples } from '../load/load-data.ts'

export interface RunData {
  readonly train: readonly Example[]
  /** Empty if there is no validation data. */
  readonly validation: readonly Example[]
}

/**
 * Reads the training and validation questions of a run from the splits of `dataset` or from files.
 * @throws UsageError if the arguments specify no training data, or both a dataset and a file
 */
export async function readRunData(args: TrainingArguments, hub?: HubOptions): Promise<RunData> {
  const { dataset, train_file, validation_file, train_split, validation_split } = args
  if (dataset && train_file)
    throw new UsageError('train: --dataset and --train_file are mutually exclusive', 'Use one of them.')
  const [train_source, validation_source] = [dataset ?? train_file, validation_file ?? dataset]
  if (!train_source)
    throw new UsageError(
      'train: no training data',
      'Use a dataset (--dataset squad) or a file (--train_file train.json).',
    )
  const choice = { config: args.dataset_config, revision: args.dataset_revision, hub }
  const train = await loadExamples(train_source, { ...choice, split: train_split, max_samples: args.max_train_samples })
  if (!validation_source) return { train, validation: [] }
  const max_samples = args.max_eval_samples
  const validation = await loadExamples(validation_source, { ...choice, split: validation_split, max_samples })
  return { train, validation }
}
