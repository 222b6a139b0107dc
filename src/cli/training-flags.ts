import { type Command, Option } from 'commander'
import { argumentFlags } from '../training/argument-flags.ts'
import { leftOut } from '../training/arguments-left-out.ts'
import { presets } from '../training/presets.ts'
import { withOfflineFlag } from './hub-options.ts'

/** Every training argument as a flag, under the headings of the reference page, and a file of them. */
export function withTrainingFlags(command: Command): Command {
  withOfflineFlag(command)
    .option('--preset <name>', `a set of arguments (${Object.keys(presets).join(', ')}); the file and flags win`)
    .option('--args_file <file>', 'JSON or YAML file of arguments, under the names of the flags below; flags win')
  for (const { flags, group, description, parse } of argumentFlags())
    command.addOption(new Option(flags, description).argParser(parse).helpGroup(`${group}:`))
  return command.configureOutput({ outputError: (text, write) => write(explained(text)) })
}

/** Adds the reason where a flag of transformers is none here. */
function explained(message: string): string {
  const reason = leftOut.get(/unknown option '--(\w+)'/.exec(message)?.[1] ?? '')
  return reason ? `${message.trimEnd()}\nIt is not an argument here: ${reason}.\n` : message
}

/** Of all flags that were given, the training arguments. */
export function trainingArgumentsOf(given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const names = new Set(argumentFlags().map(({ name }) => name))
  return Object.fromEntries(Object.entries(given).filter(([name]) => names.has(name)))
}

/** As a shell reads it back. */
export const quoted = (text: string): string => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)
