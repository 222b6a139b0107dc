/** Default arguments of an adaptation, which depend on its size. */

import type { AdaptationRecord } from '../train/adaptation-record.ts'

/** Arguments that name data, which an adaptation makes itself. */
export const UNSUPPORTED_ARGUMENTS = [
  'dataset',
  'dataset_config',
  'dataset_revision',
  'train_file',
  'train_split',
  'validation_file',
  'validation_split',
] as const

/** Defaults that are the same for all documents and models. */
export const ADAPT_DEFAULTS = {
  per_device_train_batch_size: 16,
  per_device_eval_batch_size: 16,
  warmup_ratio: 0.1,
  weight_decay: 0.01,
  save_steps: 200,
  save_total_limit: 1,
  logging_steps: 50,
} as const

/** Models with at least this hidden size need the smaller learning rate of BERT-base. */
const LARGE = 768
const [LEARNING_RATE, LEARNING_RATE_OF_LARGE] = [1e-4, 5e-5]

/** Number of questions on which a run should train. Fewer questions are repeated. */
const MIN_QUESTIONS_SEEN = 20_000
const MAX_EPOCHS = 4

/** Minutes per million characters of documents, and their limits. */
const MINUTES_PER_MILLION = 20
const [MIN_MINUTES, MAX_MINUTES] = [10, 120]

/** Descriptions of the defaults that depend on the documents and the model. */
export const CHOSEN_DEFAULTS = {
  learning_rate: `${LEARNING_RATE}, or ${LEARNING_RATE_OF_LARGE} from a hidden size of ${LARGE}`,
  num_train_epochs: `1 to ${MAX_EPOCHS}, by the number of questions`,
  max_minutes: `${MIN_MINUTES} to ${MAX_MINUTES}, by the size of the documents`,
  eval_strategy: 'epoch, unless no questions are held out',
} as const

/** The defaults for documents and a model. `given` are the arguments that the user has set. */
export function adaptDefaults(
  { train, held_out, characters }: Pick<AdaptationRecord, 'train' | 'held_out' | 'characters'>,
  hidden_size: number,
  given: Readonly<Record<string, unknown>>,
) {
  const minutes = Math.ceil((MINUTES_PER_MILLION * characters) / 1e6)
  // max_steps and max_minutes are mutually exclusive.
  const isLimited = typeof given.max_steps === 'number' && given.max_steps > 0
  return {
    ...ADAPT_DEFAULTS,
    learning_rate: hidden_size < LARGE ? LEARNING_RATE : LEARNING_RATE_OF_LARGE,
    num_train_epochs: Math.min(MAX_EPOCHS, Math.max(1, Math.round(MIN_QUESTIONS_SEEN / train))),
    ...(held_out > 0 && { eval_strategy: 'epoch' }),
    ...(!isLimited && { max_minutes: Math.min(MAX_MINUTES, Math.max(MIN_MINUTES, minutes)) }),
  }
}
