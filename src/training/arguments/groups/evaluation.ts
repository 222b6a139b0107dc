import { z } from 'zod'
import {
  argument,
  boolean,
  choice,
  number,
  optionalBoolean,
  optionalInteger,
  optionalInterval,
} from '../argument-field.ts'

const METRICS = ['loss', 'exact_match', 'f1'] as const
const withoutPrefix = (name: unknown): unknown => (typeof name === 'string' ? name.replace(/^eval_/, '') : name)

export const evaluationArguments = {
  eval_strategy: choice(
    ['no', 'steps', 'epoch'],
    'no',
    'When to evaluate: never, every eval_steps steps, or after each epoch.',
  ),
  eval_steps: optionalInterval('Steps between evaluations with eval_strategy steps. (default: logging_steps)'),
  eval_delay: number(
    0,
    { minimum: 0 },
    'Epochs or steps, depending on eval_strategy, to wait before the first evaluation.',
  ),
  eval_on_start: boolean('Also evaluate before the first step, to check the setup and measure the untrained model.'),
  load_best_model_at_end: boolean(
    'Save the weights of the best evaluation at the end instead of those of the last step.',
  ),
  metric_for_best_model: argument(
    'choice',
    z.preprocess(withoutPrefix, z.enum(METRICS)).default('loss'),
    `one of ${METRICS.join(', ')}`,
    'Metric that selects the best evaluation. The loss is often best earlier than exact_match and f1, which matter to users.',
  ),
  greater_is_better: optionalBoolean(
    'Whether larger values of that metric are better. (default: true, but false for loss)',
  ),
  early_stopping_patience: optionalInteger(
    1,
    'Number of consecutive evaluations without improvement after which training stops.',
  ),
  early_stopping_threshold: number(
    0,
    { minimum: 0 },
    'Minimum improvement over the best evaluation so far that counts as an improvement.',
  ),
}
