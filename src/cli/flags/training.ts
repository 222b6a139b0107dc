import { type Command, Option } from 'commander'
import { type ArgumentFlag, argumentFlags } from '../../training/arguments/argument-flags.ts'
import { presets } from '../../training/arguments/presets.ts'
import { withOfflineFlag } from './hub.ts'

/** The most common arguments, listed first in help. */
const ESSENTIAL = [
  'model',
  'dataset',
  'train_file',
  'validation_file',
  'output_dir',
  'num_train_epochs',
  'per_device_train_batch_size',
  'learning_rate',
]

/** Adds all training arguments as flags: the essential ones, then `more`, then the groups of the reference page. */
export function withTrainingFlags(command: Command, more: (command: Command) => Command = (it) => it): Command {
  const withMore = (it: Command) =>
    more(it).option(
      '--preset <name>',
      `predefined arguments (${Object.keys(presets).join(', ')}); overridden by --args_file and flags`,
    )
  return withArgumentFlags(command, withMore)
}

interface ArgumentFlagOptions {
  /** Arguments that the command does not have. */
  readonly without?: readonly string[]
  /** Descriptions of defaults that differ from those of `train`. */
  readonly defaults?: Readonly<Record<string, string>>
}

/** Adds the training arguments as flags, and `more` after the essential ones. */
export function withArgumentFlags(
  command: Command,
  more: (command: Command) => Command,
  { without = [], defaults }: ArgumentFlagOptions = {},
): Command {
  const all = argumentFlags(defaults).filter(({ name }) => !without.includes(name))
  for (const flag of ESSENTIAL.flatMap((name) => all.find((flag) => flag.name === name) ?? []))
    command.addOption(optionOf(flag, 'Essential arguments'))
  more(withOfflineFlag(command)).option(
    '--args_file <file>',
    'JSON or YAML file with arguments, named like the flags; overridden by flags',
  )
  for (const flag of all) if (!ESSENTIAL.includes(flag.name)) command.addOption(optionOf(flag, flag.group))
  return command
}

const optionOf = ({ flags, description, parse }: ArgumentFlag, group: string): Option =>
  new Option(flags, description).argParser(parse).helpGroup(`${group}:`)

/** Selects the training arguments from the given flags. */
export function trainingArgumentsOf(given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const names = new Set(argumentFlags().map(({ name }) => name))
  return Object.fromEntries(Object.entries(given).filter(([name]) => names.has(name)))
}

/** Quotes text for the shell if necessary. */
export const shellQuoted = (text: string): string =>
  /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
