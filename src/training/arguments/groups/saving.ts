import { z } from 'zod'
import { argument, boolean, choice, interval, optionalInteger } from '../argument-field.ts'

export const savingArguments = {
  output_dir: argument(
    'text',
    z.string().min(1).default('trainer_output'),
    'a folder',
    'Folder for checkpoints, the final model and the report.',
  ),
  overwrite_output_dir: boolean(
    'Start a new run in an output_dir that contains an earlier one, and delete the checkpoints of the earlier run.',
  ),
  save_strategy: choice(
    ['no', 'steps', 'epoch', 'best'],
    'steps',
    'When to save a checkpoint: never, every save_steps steps and at the end, after each epoch, or after each new best ' +
      'evaluation.',
  ),
  save_steps: interval(500, 'Steps between checkpoints with save_strategy steps.'),
  save_total_limit: optionalInteger(
    1,
    'Maximum number of checkpoints to keep. The newest and the best are always kept, so 1 may keep two. (default: all)',
  ),
  save_only_model: boolean(
    'Save checkpoints without the optimizer state. They have a third of the size, but you cannot resume from them.',
  ),
  resume_from_checkpoint: argument(
    'text',
    z
      .preprocess((value) => (value === true ? 'latest' : value === false ? null : value), z.string().min(1).nullable())
      .default(null),
    'a checkpoint folder, or latest',
    'Checkpoint to resume from; the result is bit-identical to an uninterrupted run. latest uses the newest complete ' +
      'checkpoint in output_dir.',
  ),
}
