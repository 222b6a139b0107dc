import { z } from 'zod'
import { argument, boolean, choice, interval, optionalText } from '../argument-field.ts'

const REPORTERS = ['tensorboard', 'jsonl'] as const

function asList(value: unknown): unknown {
  if (value === 'all') return [...REPORTERS]
  if (value === 'none') return []
  return typeof value === 'string' ? [value] : value
}

/** A list of one word may stand for several: all, none. */
const reporters = z.preprocess(
  (value) => (Array.isArray(value) && value.length === 1 ? asList(value[0]) : asList(value)),
  z.array(z.enum(REPORTERS)),
)

export const loggingArguments = {
  logging_strategy: choice(['no', 'steps', 'epoch'], 'steps', 'When to log the mean training loss since the last log.'),
  logging_steps: interval(500, 'Log every so many steps, with logging_strategy steps.'),
  logging_first_step: boolean('Log the first step too.'),
  report_to: argument(
    'list',
    reporters.default([...REPORTERS]),
    `all, none, or some of ${REPORTERS.join(', ')}`,
    'Where logs go beside trainer_state.json: TensorBoard event files, or one JSON object a line.',
  ),
  logging_dir: optionalText('Folder of the TensorBoard event files; runs in output_dir unless given.'),
  disable_tqdm: boolean('Show no progress and no log lines; on the command line the same as --quiet.'),
  run_name: optionalText('Name of the run, at the head of its report.'),
}
