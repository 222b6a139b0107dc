import type { Command, Option } from 'commander'

/**
 * Normalizes the flags of a command line to their declared spelling: --max-windows, --no_serve and --max_seq_len become
 * --max_windows, --no-serve and --max_seq_length. Values, unknown flags and everything after "--" are unchanged.
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

/** Names in the Python pipeline and in 0.1, which every command accepts instead of those of run_qa.py. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  max_seq_len: 'max_seq_length',
  max_answer_len: 'max_answer_length',
  max_question_len: 'max_question_length',
  max_samples: 'max_eval_samples',
}

/** Finds an option of a command by any of its names, in either spelling. */
export function findFlag(command: Command, name: string): Option | undefined {
  const named = (plainName: string) => command.options.find(({ long }) => long && plain(long.slice(2)) === plainName)
  return named(plain(name)) ?? named(OTHER_NAMES[plain(name)])
}

const plain = (name: string): string => name.replaceAll('-', '_')

/** Converts flags to the spelling shown in help. Commander requires the prefix --no- for negated flags. */
export const shownFlags = (text: string): string => text.replace(/--no-(?=\w)/g, '--no_')
