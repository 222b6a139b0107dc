import { z } from 'zod'
import { argument, boolean, choice, integer, optionalPositive, positive } from '../argument-field.ts'

const MAX_SEED = 2 ** 32 - 1
const SEED = 'an integer from 0 to 4294967295'

export const batchArguments = {
  num_train_epochs: positive(3, 'Number of passes over the training data; may be a fraction. max_steps overrides it.'),
  max_steps: argument(
    'integer',
    z
      .int()
      .refine((steps) => steps === -1 || steps > 0)
      .default(-1),
    '-1, or an integer of at least 1',
    'Total number of optimizer steps; overrides num_train_epochs. With -1, num_train_epochs applies.',
  ),
  max_minutes: optionalPositive(
    'Maximum time for training and its evaluations, in minutes. A few steps are measured, then the number of steps and ' +
      'the learning-rate schedule are adapted to it. num_train_epochs remains the upper limit.',
  ),
  per_device_train_batch_size: integer(
    8,
    1,
    'Windows per training batch. Memory depends on max_tokens_per_pass instead.',
  ),
  per_device_eval_batch_size: integer(8, 1, 'Windows per evaluation batch. Affects results only by rounding.'),
  gradient_accumulation_steps: integer(
    1,
    1,
    'Number of batches whose gradients are averaged for one optimizer step, for a larger effective batch size.',
  ),
  padding: choice(
    ['none', 'longest', 'max_length'],
    'none',
    'none computes real tokens only. longest pads to the longest window of the batch and max_length to ' +
      'max_seq_length; the loss then includes padding as in transformers, which makes figures comparable.',
  ),
  max_tokens_per_pass: integer(
    1024,
    16,
    'Maximum number of tokens computed at once. Larger batches are split into passes, which limits memory; their ' +
      'gradients are added.',
  ),
  gradient_checkpointing: boolean(
    "Keep only each layer's input for the backward pass, which computes the layer again. Takes much less memory and about " +
      'a third more time; the results are the same.',
  ),
  group_by_length: boolean(
    'Put windows of similar length into the same batch (sorted within groups of 50 random batches).',
  ),
  dataloader_drop_last: boolean('Drop the last batch of an epoch if it is not full.'),
  seed: argument(
    'integer',
    z.int().min(0).max(MAX_SEED).default(42),
    SEED,
    'Seed for all random values: new heads, data order and dropout. On the same machine, the same seed gives ' +
      'bit-identical results.',
  ),
  data_seed: argument(
    'integer',
    z.int().min(0).max(MAX_SEED).nullable().default(null),
    SEED,
    'Seed for the order of the data. (default: seed)',
  ),
  freeze_embeddings: boolean('Do not train the embeddings. Saves memory and time, often at little cost in accuracy.'),
  freeze_layers: integer(
    0,
    0,
    'Number of lowest layers to freeze, together with the embeddings. Their output is computed once per window and ' +
      'kept; only the other layers are trained. Freezing more layers is faster but less accurate. 0 trains all layers.',
  ),
}
