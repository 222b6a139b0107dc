import type { Command } from 'commander'
import { MAX_F1_DROP } from '../../export/gate/objections.ts'
import { GATE_RUNTIMES } from '../../export/gate/runtimes.ts'
import { withDataFlags } from './hub.ts'
import { integerFrom, listOf, numberFrom } from './parsers.ts'

/** How exported variants are compared with their model. */
export interface GateFlags {
  readonly validation_file?: string
  readonly dataset?: string
  readonly max_eval_samples?: number
  readonly max_f1_drop: number
  readonly runtime?: readonly string[]
  readonly force?: boolean
  readonly keep_float32?: readonly string[]
  readonly max_int8_size?: number
}

/** Adds the flags that choose the questions and the limits of the comparison, and the products that stay float32. */
export const withGateFlags = (command: Command): Command =>
  withDataFlags(
    command
      .option(
        '--validation_file <file>',
        'questions for the comparison (default: those that the model was evaluated on, if they are still there)',
      )
      .option('--dataset <name>', 'dataset with these questions'),
    'validation',
  )
    .option('--max_eval_samples <integer>', 'maximum number of questions (default: 1000)', integerFrom(1))
    .option(
      '--max_f1_drop <number>',
      'do not write a variant that loses more points of F1 than this',
      numberFrom(0),
      MAX_F1_DROP,
    )
    .option('--force', 'write variants that lose more, or that cannot be compared for lack of questions')
    .option(
      '--runtime <names>',
      `runtimes for the comparison, separated by commas: ${GATE_RUNTIMES.map(({ id }) => id).join(', ')} (default: all that are available)`,
      listOf,
    )
    .option(
      '--keep_float32 <names>',
      'products of int8 and uint8 that stay float32: auto (measured on the questions), names of weights, with * for any characters, or none (default: auto)',
      listOf,
    )
    .option(
      '--max_int8_size <share>',
      'with auto, largest size of int8 and uint8 relative to fp32 (default: 0.33)',
      numberFrom(0),
    )
