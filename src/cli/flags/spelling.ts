import type { Command, Option } from 'commander'

/**
 * Normalizes the flags of a command line to their declared spelling: --max-windows and --no_serve become --max_windows
 * and --no-serve. Values, unknown flags and everything after "--" are unchanged.
 */
export function spellFlags(argv: readonly string[], program: Command): string[] {
  const spelled = [...argv]
  let command = program
  for (let i = 0; i < argv.length && argv[i] !== '--'; i++) {
    const [, name, value = ''] = /^--([^=]+)(=.*)?$/s.exec(argv[i]) ?? []
    if (name === undefined) {
      command = command.commands.find((one) => one.name() === argv[i]) ?? command
      continue
    }
    const option = findFlag(command, name)
    if (!option) continue
    spelled[i] = `${option.long}${value}`
    // The next argument is the value of this flag, even if it looks like a flag.
    if (option.required && !value) i++
  }
  return spelled
}

/** Finds an option of a command by name in either spelling. */
export const findFlag = (command: Command, name: string): Option | undefined =>
  command.options.find(({ long }) => long && plain(long.slice(2)) === plain(name))

const plain = (name: string): string => name.replaceAll('-', '_')

/** Converts flags to the spelling shown in help. Commander requires the prefix --no- for negated flags. */
export const shownFlags = (text: string): string => text.replace(/--no-(?=\w)/g, '--no_')
