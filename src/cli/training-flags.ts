import { type Command, Option } from 'commander'
import { type ArgumentFlag, argumentFlags } from '../training/arguments/argument-flags.ts'
import { presets } from '../training/arguments/presets.ts'
import { withOfflineFlag } from './hub-options.ts'

/** The arguments that nearly every run gives; help begins with them. */
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

/** Every training argument as a flag, the essential ones first, then `more`, then the groups of the reference page. */
export function withTrainingFlags(command: Command, more: (command: Command) => Command = (it) => it): Command {
  const all = argumentFlags()
  for (const name of ESSENTIAL)
    command.addOption(optionOf(all.find((flag) => flag.name === name)!, 'Essential arguments'))
  more(withOfflineFlag(command))
    .option('--preset <name>', `a set of arguments (${Object.keys(presets).join(', ')}); the file and flags win`)
    .option('--args_file <file>', 'JSON or YAML file of arguments, under the names of the flags below; flags win')
  for (const flag of all) if (!ESSENTIAL.includes(flag.name)) command.addOption(optionOf(flag, flag.group))
  return command
}

const optionOf = ({ flags, description, parse }: ArgumentFlag, group: string): Option =>
  new Option(flags, description).argParser(parse).helpGroup(`${group}:`)

/** Of all flags that were given, the training arguments. */
export function trainingArgumentsOf(given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const names = new Set(argumentFlags().map(({ name }) => name))
  return Object.fromEntries(Object.entries(given).filter(([name]) => names.has(name)))
}

/** As a shell reads it back. */
export const shellQuoted = (text: string): string =>
  /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
