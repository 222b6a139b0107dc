import { z } from 'zod'
import { schedulerTypes } from '../../optimizer/schedule.ts'
import {
  argument,
  choice,
  float32,
  float32Share,
  integer,
  isShareOfFloat32,
  number,
  positiveFloat32,
} from '../argument-field.ts'

const schedulerOptions = z.strictObject({
  num_cycles: z.number().positive().optional(),
  lr_end: z.number().nonnegative().optional(),
  power: z.number().positive().optional(),
})

export const optimizationArguments = {
  learning_rate: positiveFloat32(
    5e-5,
    'Peak learning rate of AdamW. 2e-5 to 5e-5 suits BERT-base; smaller models need more, around 1e-4.',
  ),
  layer_lr_decay: argument(
    'number',
    z.number().positive().max(1).default(1),
    'a number above 0 and at most 1',
    'Factor of the learning rate from each layer to the one below, from the head, which learns with learning_rate, down to the ' +
      'embeddings. 1 is the same learning rate everywhere; 0.8 to 0.95 is usual.',
  ),
  weight_decay: float32(
    0,
    'Weight decay of AdamW: each step shrinks the weights by learning_rate times this, except biases and LayerNorm ' +
      'weights.',
  ),
  adam_beta1: float32Share(0.9, 'Decay rate of the running mean of the gradient.'),
  adam_beta2: float32Share(0.999, 'Decay rate of the running mean of the squared gradient.'),
  adam_epsilon: positiveFloat32(1e-8, 'Added to the denominator of the update for numerical stability.'),
  max_grad_norm: float32(
    1,
    'Maximum norm of the gradients over all parameters; larger gradients are scaled down to it. 0 disables clipping.',
  ),
  ema_decay: argument(
    'number',
    z.number().gt(0).lt(1).refine(isShareOfFloat32).nullable().default(null),
    'a number between 0 and 1 (1e-45 to 0.99999994 in float32)',
    'Decay rate of an exponential moving average of the weights, which is evaluated and saved in place of the weights: 0.999 ' +
      'averages about the last 1,000 steps. Takes the memory of another copy of the weights. (default: no average)',
  ),
  label_smoothing_factor: float32Share(
    0,
    'Share of the target that is spread evenly over all positions, to keep the model from becoming overconfident.',
  ),
  teacher_weight: argument(
    'number',
    z.number().positive().max(1).nullable().default(null),
    'a number above 0 and at most 1',
    'With teacher, share of the loss that compares the probabilities of each start and end with those of the teacher. The ' +
      'labels have the rest. (default: 0.5)',
  ),
  teacher_temperature: argument(
    'number',
    z.number().min(0.1).max(100).nullable().default(null),
    'a number of at least 0.1 and at most 100',
    'With teacher, the number by which the logits are divided before this comparison. More than 1 gives more weight to ' +
      'positions that the teacher finds less likely. (default: 2)',
  ),
  lr_scheduler_type: choice(
    schedulerTypes,
    'linear',
    'Schedule of the learning rate after the warm-up. linear falls to 0 over all steps.',
  ),
  lr_scheduler_kwargs: argument(
    'object',
    schedulerOptions.nullable().default(null),
    'an object with num_cycles, lr_end or power',
    'Options of the schedule: num_cycles for cosine (default: 0.5) and cosine_with_restarts (default: 1); lr_end ' +
      '(default: 1e-7) and power (default: 1) for polynomial.',
  ),
  warmup_steps: integer(0, 0, 'Number of steps over which the learning rate rises from 0.'),
  warmup_ratio: number(0, { minimum: 0, maximum: 1 }, 'Warm-up as a share of all steps, rounded up to whole steps.'),
  on_nonfinite: choice(
    ['stop', 'skip'],
    'stop',
    'What to do if a loss or gradient is infinite or NaN: stop the run, or skip that step and count it. With fp16, steps that ' +
      'overflow are always skipped and counted, unless even a small loss scale does not help.',
  ),
}
