import type { Command, Option } from 'commander'

/**
 * A command line with each flag as its command declares it: --max-windows and --no_serve become --max_windows and
 * --no-serve. Values, unknown flags and everything after "--" are left as they are.
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
    // The next argument is the value of this flag, whatever it looks like.
    if (option.required && !value) i++
  }
  return spelled
}

/** The option of a command that has this name, written with - or with _. */
export const findFlag = (command: Command, name: string): Option | undefined =>
  command.options.find(({ long }) => long && plain(long.slice(2)) === plain(name))

const plain = (name: string): string => name.replaceAll('-', '_')

/** Flags as help shows them: commander knows a flag that switches another one off by its --no- only. */
export const shownFlags = (text: string): string => text.replace(/--no-(?=\w)/g, '--no_')
