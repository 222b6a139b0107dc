import { Command, CommanderError, Help } from 'commander'
import { packageVersion } from '../package-root.ts'
import { setQuiet } from '../runs/screen/live-bar.ts'
import { hintFor } from '../training/arguments/argument-aliases.ts'
import { type CommandEntry, commandEntries } from './commands.ts'
import { findFlag, shownFlags, spellFlags } from './flags/spelling.ts'
import { exitCodeOf } from './terminal/output.ts'
import { rejectRanks } from './terminal/with-ranks.ts'

const EXAMPLES = `
From a pretrained BERT and SQuAD, both from the hub, to answers:
  spanforge train --model bert-base-uncased --dataset squad --output_dir out
  spanforge evaluate --model out --data squad
  spanforge answer --model out --question "Who?" --context_file book.txt
  spanforge predict --model out --input questions.jsonl --output answers.jsonl
  spanforge serve out

Run spanforge COMMAND --help for the options of a command. Models are folders or
hub names; data is a file or a dataset name.
`

/** Commands that divide their work among ranks, or that every rank may run. */
const RANKED = ['train', 'adapt', 'doctor']

/** Maximum width of help. */
const HELP_WIDTH = 80

/**
 * Creates the program. Only the modules of commands named in `argv` are loaded; the others are only listed in help.
 * Without `argv`, all commands are loaded.
 */
export async function createProgram(argv?: readonly string[]): Promise<Command> {
  const usages = new Map(commandEntries.map(({ name, usage }) => [name, usage]))
  const program = new Command('spanforge')
    .description('Fine-tune BERT and its relatives for extractive question answering, without Python.')
    .version(packageVersion(), '-V, --version')
    .addHelpText('after', EXAMPLES)
  for (const entry of commandEntries) program.addCommand(await commandOf(entry, argv))
  for (const command of everyCommand(program)) {
    command.exitOverride().showHelpAfterError('(use --help for usage)')
    // Long flags leave less room than commander's default minimum for wrapping.
    command.configureHelp({
      helpWidth: Math.min(HELP_WIDTH, process.stdout.columns ?? HELP_WIDTH),
      minWidthToWrap: 20,
      optionTerm: ({ flags }) => shownFlags(flags),
      optionDescription: (option) => new Help().optionDescription(option) + (option.mandatory ? ' (required)' : ''),
    })
    if (command !== program && command.commands.length === 0)
      command.option('--quiet', 'print only results, warnings and errors, no progress')
    if (command !== program) explainErrors(command, argv ?? [])
  }
  return program
    .configureHelp({ ...program.configureHelp(), subcommandTerm: (command) => termOf(command.name(), usages) })
    .hook('preAction', async (_, command) => {
      setQuiet(command.opts().quiet === true)
      if (!RANKED.includes(command.name()) && !command.opts().shard)
        await rejectRanks(
          command.name(),
          command.options.some(({ long }) => long === '--shard'),
        )
    })
}

const termOf = (name: string, usages: ReadonlyMap<string, string>): string =>
  `${name} ${usages.get(name) ?? '[command]'}`

async function commandOf({ name, group, summary, load }: CommandEntry, argv?: readonly string[]): Promise<Command> {
  // The name of the command is the first argument, or follows "help".
  const isNamed = argv === undefined || argv.slice(0, 2).includes(name)
  const command = isNamed ? await load() : new Command(name)
  return command.description(summary).helpGroup(group)
}

/** Runs a command line, given without node and script, and returns the exit code. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let usage = 0
  const failed = await exitCodeOf(async () => {
    try {
      const program = await createProgram(argv)
      await program.parseAsync(spellFlags(argv, program), { from: 'user' })
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error
      // Commander has already printed the error or the requested help.
      usage = error.exitCode === 0 ? 0 : 2
    }
  })
  return failed || usage
}

/**
 * Improves commander's errors: lists all missing required options instead of only the first, and suggests replacements
 * for options of other tools.
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

/** Suggests a replacement for each unknown option. */
const hintsFor = (argv: readonly string[], command: Command): string[] =>
  argv.flatMap((argument) => {
    const name = /^--([\w-]+)/.exec(argument)?.[1]
    const exists = (other: string) => command.options.some(({ long }) => long === `--${other}`)
    const hint = name === undefined || findFlag(command, name) ? undefined : hintFor(name, exists)
    return hint ? [`error: unknown option '--${name}': ${hint}\n`] : []
  })

const everyCommand = (command: Command): Command[] => [command, ...command.commands.flatMap(everyCommand)]
