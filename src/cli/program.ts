import { Command, CommanderError } from 'commander'
import { packageVersion } from '../package-root.ts'
import { setQuiet } from '../runs/screen/live-bar.ts'
import { hintFor } from '../training/arguments/argument-aliases.ts'
import { type CommandEntry, commandEntries } from './commands.ts'
import { findFlag, shownFlags, spellFlags } from './flag-spelling.ts'
import { exitCodeOf } from './output.ts'

const EXAMPLES = `
From a pretrained BERT and SQuAD to answers, by their names on the hub:
  spanforge train --model bert-base-uncased --dataset squad --output_dir out
  spanforge evaluate --model out --data squad
  spanforge answer --model out --question "Who?" --context_file book.txt
  spanforge predict --model out --input questions.jsonl --output answers.jsonl
  spanforge serve out

spanforge COMMAND --help shows what a command can do. A model is a folder or a
name on the hub, and data is a file or a name on the hub.
`

/** The widest that help is, so that it is easy to read on any terminal. */
const HELP_WIDTH = 80

/**
 * The program with the commands that a command line names; of the others, whose modules are not loaded, only what help
 * lists. With all commands if there is no command line.
 */
export async function createProgram(argv?: readonly string[]): Promise<Command> {
  const usages = new Map(commandEntries.map(({ name, usage }) => [name, usage]))
  const program = new Command('spanforge')
    .description('Fine-tune BERT for extractive question answering: train, evaluate, answer. No Python.')
    .version(packageVersion(), '-V, --version')
    .addHelpText('after', EXAMPLES)
  for (const entry of commandEntries) program.addCommand(await commandOf(entry, argv))
  for (const command of everyCommand(program)) {
    command.exitOverride().showHelpAfterError('(use --help for usage)')
    // Long flags leave less room than commander wraps by itself.
    command.configureHelp({
      helpWidth: Math.min(HELP_WIDTH, process.stdout.columns ?? HELP_WIDTH),
      minWidthToWrap: 20,
      optionTerm: ({ flags }) => shownFlags(flags),
    })
    if (command !== program && command.commands.length === 0)
      command.option('--quiet', 'show results, warnings and errors only, no progress')
    if (command !== program) explainErrors(command, argv ?? [])
  }
  return program
    .configureHelp({ ...program.configureHelp(), subcommandTerm: (command) => termOf(command.name(), usages) })
    .hook('preAction', (_, command) => setQuiet(command.opts().quiet === true))
}

const termOf = (name: string, usages: ReadonlyMap<string, string>): string =>
  `${name} ${usages.get(name) ?? '[command]'}`

async function commandOf({ name, group, summary, load }: CommandEntry, argv?: readonly string[]): Promise<Command> {
  // The name of a command comes first, or after "help".
  const isNamed = argv === undefined || argv.slice(0, 2).includes(name)
  const command = isNamed ? await load() : new Command(name)
  return command.description(summary).helpGroup(group)
}

/** Runs a command line, without node and script, to its end; returns the exit code. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let usage = 0
  const failed = await exitCodeOf(async () => {
    try {
      const program = await createProgram(argv)
      await program.parseAsync(spellFlags(argv, program), { from: 'user' })
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error
      // Commander has said what is wrong, or shown the help that was asked for.
      usage = error.exitCode === 0 ? 0 : 2
    }
  })
  return failed || usage
}

/**
 * Commander names the first option that is missing, and the next one once that is given: all of them are named. For
 * options of other tools it is said what to use here.
 */
function explainErrors(command: Command, argv: readonly string[]): void {
  const { outputError } = command.configureOutput()
  command.configureOutput({
    outputError(text, write) {
      const isMissing = text.startsWith('error: required option')
      const missing = command.options.filter(
        (it) => it.mandatory && command.getOptionValue(it.attributeName()) === undefined,
      )
      const all = missing.map(({ flags }) => `'${flags}'`).join(', ')
      const message = isMissing && missing.length > 1 ? `error: required options ${all} not specified\n` : text
      const isUnknown = text.startsWith('error: unknown option')
      const hints = isMissing || isUnknown ? hintsFor(argv, command) : []
      outputError?.(isUnknown && hints.length > 0 ? hints.join('') : spellSuggestion(message) + hints.join(''), write)
    },
  })
}

const spellSuggestion = (message: string): string => message.replace(/\(Did you mean .*/s, shownFlags)

/** What to use in the place of each option that the command does not have. */
const hintsFor = (argv: readonly string[], command: Command): string[] =>
  argv.flatMap((argument) => {
    const name = /^--([\w-]+)/.exec(argument)?.[1]
    const exists = (other: string) => command.options.some(({ long }) => long === `--${other}`)
    const hint = name === undefined || findFlag(command, name) ? undefined : hintFor(name, exists)
    return hint ? [`error: unknown option '--${name}': ${hint}\n`] : []
  })

const everyCommand = (command: Command): Command[] => [command, ...command.commands.flatMap(everyCommand)]
