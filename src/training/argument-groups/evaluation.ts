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
  eval_strategy: choice(['no', 'steps', 'epoch'], 'no', 'When to evaluate: never, every eval_steps, or each epoch.'),
  eval_steps: optionalInterval('Evaluate every so many steps, with eval_strategy steps; logging_steps unless given.'),
  eval_delay: number(0, { minimum: 0 }, 'Epochs or steps (as eval_strategy counts) before the first evaluation.'),
  eval_on_start: boolean(
    'Evaluate before the first step too: shows that everything works, and where the model starts.',
  ),
  load_best_model_at_end: boolean('End with the weights of the best evaluation instead of the last step.'),
  metric_for_best_model: argument(
    'choice',
    z.preprocess(withoutPrefix, z.enum(METRICS)).default('loss'),
    `one of ${METRICS.join(', ')}`,
    'What makes an evaluation the best. The loss may be best earlier than exact_match and f1, which users see.',
  ),
  greater_is_better: optionalBoolean(
    'Whether more of that metric is better; by its name unless given: true but for loss.',
  ),
  early_stopping_patience: optionalInteger(1, 'Stop after so many evaluations in a row without improvement.'),
  early_stopping_threshold: number(
    0,
    { minimum: 0 },
    'How much better than the best so far an evaluation must be to count as improvement.',
  ),
}
