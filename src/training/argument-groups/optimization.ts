import { z } from 'zod'
import { argument, choice, float32, float32Share, integer, number, positiveFloat32 } from '../argument-field.ts'
import { schedulerTypes } from '../schedule.ts'

const schedulerOptions = z.strictObject({
  num_cycles: z.number().positive().optional(),
  lr_end: z.number().nonnegative().optional(),
  power: z.number().positive().optional(),
})

export const optimizationArguments = {
  learning_rate: positiveFloat32(
    5e-5,
    'Peak learning rate of AdamW. 2e-5 to 5e-5 suits BERT-base; smaller models want more, around 1e-4.',
  ),
  weight_decay: float32(
    0,
    'Each step shrinks the weights by learning_rate times this; biases and LayerNorm weights are left alone.',
  ),
  adam_beta1: float32Share(0.9, 'How much of the running mean of the gradient each step keeps.'),
  adam_beta2: float32Share(0.999, 'How much of the running mean of its square each step keeps.'),
  adam_epsilon: positiveFloat32(1e-8, 'Added to the denominator, so that a tiny gradient makes no huge step.'),
  max_grad_norm: float32(
    1,
    'Gradients whose norm over all parameters is larger are scaled down to it; 0 switches that off.',
  ),
  label_smoothing_factor: float32Share(
    0,
    'Share of the target spread evenly over all positions: keeps the model from becoming too sure of itself.',
  ),
  lr_scheduler_type: choice(
    schedulerTypes,
    'linear',
    'How the learning rate falls after the warm-up: linear to 0 over all steps unless said otherwise.',
  ),
  lr_scheduler_kwargs: argument(
    'object',
    schedulerOptions.nullable().default(null),
    'an object with num_cycles, lr_end or power',
    'Settings of the schedule: num_cycles for cosine (0.5) and cosine_with_restarts (1), lr_end (1e-7) and power (1) ' +
      'for polynomial.',
  ),
  warmup_steps: integer(0, 0, 'Steps over which the learning rate first rises from 0.'),
  warmup_ratio: number(0, { minimum: 0, maximum: 1 }, 'The same as a share of all steps, rounded up.'),
  on_nonfinite: choice(
    ['stop', 'skip'],
    'stop',
    'What to do when a loss or gradient is infinite or NaN: stop the run, or leave that step out and count it.',
  ),
}
