import { z } from 'zod'
import { argument, boolean, choice, interval, optionalInteger } from '../argument-field.ts'

export const savingArguments = {
  output_dir: argument(
    'text',
    z.string().min(1).default('trainer_output'),
    'a folder',
    'Where checkpoints, the final model and the report go.',
  ),
  overwrite_output_dir: boolean('Start anew in an output_dir that holds an earlier run: its checkpoints are removed.'),
  save_strategy: choice(
    ['no', 'steps', 'epoch', 'best'],
    'steps',
    'When to save a checkpoint: never, every save_steps and at the end, each epoch, or at each new best evaluation.',
  ),
  save_steps: interval(500, 'Save every so many steps, with save_strategy steps.'),
  save_total_limit: optionalInteger(
    1,
    'Keep so many checkpoints, always the newest and the best: with 1, two where these differ. All unless given.',
  ),
  save_only_model: boolean(
    'Leave the optimizer out of checkpoints: a third of the size, but no run can resume from them.',
  ),
  resume_from_checkpoint: argument(
    'text',
    z
      .preprocess((value) => (value === true ? 'latest' : value === false ? null : value), z.string().min(1).nullable())
      .default(null),
    'a checkpoint folder, or latest',
    'Go on from this checkpoint, bit for bit as if never interrupted; latest takes the newest whole one in output_dir.',
  ),
}
