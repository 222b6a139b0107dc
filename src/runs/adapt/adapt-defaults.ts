/** Arguments that suit an adaptation, by its size. */

import type { AdaptationRecord } from '../train/adaptation-record.ts'

/** Hidden size from which a model needs the smaller learning rate of BERT-base. */
const LARGE = 768

/** Examples that a run should see, by repeating few of them. */
const ENOUGH = 20_000
const MOST_EPOCHS = 4

/** Minutes for a million characters of documents, and their limits. */
const MINUTES_PER_MILLION = 20
const [FEWEST_MINUTES, MOST_MINUTES] = [10, 120]

export function adaptDefaults(
  { train, characters }: Pick<AdaptationRecord, 'train' | 'characters'>,
  hidden_size: number,
  given: Readonly<Record<string, unknown>>,
) {
  const minutes = Math.ceil((MINUTES_PER_MILLION * characters) / 1e6)
  const isLimited = typeof given.max_steps === 'number' && given.max_steps > 0
  return {
    per_device_train_batch_size: 16,
    per_device_eval_batch_size: 16,
    learning_rate: hidden_size < LARGE ? 1e-4 : 5e-5,
    num_train_epochs: Math.min(MOST_EPOCHS, Math.max(1, Math.round(ENOUGH / train))),
    warmup_ratio: 0.1,
    weight_decay: 0.01,
    save_steps: 200,
    save_total_limit: 1,
    logging_steps: 50,
    ...(!isLimited && { max_minutes: Math.min(MOST_MINUTES, Math.max(FEWEST_MINUTES, minutes)) }),
  }
}
