import { z } from 'zod'
import { argument, boolean, choice, integer, positive } from '../argument-field.ts'

const LARGEST_SEED = 2 ** 32 - 1
const SEED = 'an integer of 0 .. 4294967295'

export const batchArguments = {
  num_train_epochs: positive(
    3,
    'How often to go through the training data; may be a fraction. max_steps overrides it.',
  ),
  max_steps: argument(
    'integer',
    z
      .int()
      .refine((steps) => steps === -1 || steps > 0)
      .default(-1),
    '-1, or an integer of at least 1',
    'Stop after so many optimizer steps, however many epochs that takes; -1 leaves it to num_train_epochs.',
  ),
  per_device_train_batch_size: integer(8, 1, 'Windows in a training batch. Memory is bounded by max_tokens_per_pass.'),
  per_device_eval_batch_size: integer(8, 1, 'Windows in an evaluation batch. No result depends on it but rounding.'),
  gradient_accumulation_steps: integer(
    1,
    1,
    'Batches whose gradients are averaged before the optimizer takes one step: a step of larger effective batch.',
  ),
  padding: choice(
    ['none', 'longest', 'max_length'],
    'none',
    'none computes real tokens only. longest and max_length let the loss see padding, to the longest window of the ' +
      'batch or to max_seq_length, as transformers does: for comparing figures.',
  ),
  max_tokens_per_pass: integer(
    1024,
    16,
    'Most tokens computed at once. A larger batch is cut into passes whose gradients add up: bounds memory.',
  ),
  group_by_length: boolean(
    'Put windows of similar length into one batch (sorted within 50 batches of random windows).',
  ),
  dataloader_drop_last: boolean('Leave out the last batch of an epoch where it is not full.'),
  seed: argument(
    'integer',
    z.int().min(0).max(LARGEST_SEED).default(42),
    SEED,
    'Decides every random draw: a new head, the order of the data, dropout. Same seed, same machine: same bits.',
  ),
  data_seed: argument(
    'integer',
    z.int().min(0).max(LARGEST_SEED).nullable().default(null),
    SEED,
    'Seed for the order of the data alone; seed unless given.',
  ),
  freeze_embeddings: boolean('Do not train the embeddings: less memory and time, often for little accuracy.'),
  freeze_layers: integer(
    0,
    0,
    'Do not train the embeddings and the lowest so many layers: their output is computed once for each window and ' +
      'kept, and only the rest is trained: faster the fewer layers are left, and less accurate. 0 trains all layers.',
  ),
}
