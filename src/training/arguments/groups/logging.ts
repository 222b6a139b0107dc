import { z } from 'zod'
import { argument, boolean, choice, interval, optionalText } from '../argument-field.ts'

const REPORTERS = ['tensorboard', 'jsonl'] as const

function asList(value: unknown): unknown {
  if (value === 'all') return [...REPORTERS]
  if (value === 'none') return []
  return typeof value === 'string' ? [value] : value
}

/** Accepts lists whose only element is all or none. */
const reporters = z.preprocess(
  (value) => (Array.isArray(value) && value.length === 1 ? asList(value[0]) : asList(value)),
  z.array(z.enum(REPORTERS)),
)

export const loggingArguments = {
  logging_strategy: choice(['no', 'steps', 'epoch'], 'steps', 'When to log the mean training loss since the last log.'),
  logging_steps: interval(500, 'Steps between logs with logging_strategy steps.'),
  logging_first_step: boolean('Also log the first step.'),
  report_to: argument(
    'list',
    reporters.default([...REPORTERS]),
    `all, none, or some of ${REPORTERS.join(', ')}`,
    'Logs to write in addition to trainer_state.json: TensorBoard event files, JSON lines.',
  ),
  logging_dir: optionalText('Folder for TensorBoard event files. (default: runs in output_dir)'),
  disable_tqdm: boolean('Hide the progress bar and log lines, like --quiet on the command line.'),
  run_name: optionalText('Name of the run, shown at the top of its report.'),
}
