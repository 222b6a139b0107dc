import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { packageFile } from '../package-root.ts'
import { answerCommand } from './answer.ts'
import { cacheCommand } from './cache.ts'
import { dashboardCommand } from './dashboard.ts'
import { dataCommand } from './data.ts'
import { demoCommand } from './demo.ts'
import { doctorCommand } from './doctor.ts'
import { downloadCommand } from './download.ts'
import { evaluateCommand } from './evaluate.ts'
import { inspectCommand } from './inspect.ts'
import { exitCodeOf } from './output.ts'
import { predictCommand } from './predict.ts'
import { pushCommand } from './push.ts'
import { serveCommand } from './serve.ts'
import { sweepCommand } from './sweep.ts'
import { trainCommand } from './train.ts'

/** All commands, under the headings that help puts them. */
const GROUPS: Readonly<Record<string, readonly (() => Command)[]>> = {
  'Train and use:': [
    demoCommand,
    trainCommand,
    sweepCommand,
    evaluateCommand,
    answerCommand,
    predictCommand,
    serveCommand,
  ],
  'Look inside:': [dashboardCommand, inspectCommand, dataCommand, doctorCommand],
  'Models and data sets by name:': [downloadCommand, cacheCommand, pushCommand],
}

const EXAMPLES = `
From a pretrained BERT and SQuAD to answers, by their names on the hub:
  spanforge train --model bert-base-uncased --dataset squad --output_dir out
  spanforge evaluate --model out --data squad
  spanforge answer --model out --question "Who wrote it?" --context-file book.txt
  spanforge predict --model out --input questions.jsonl --output answers.jsonl
  spanforge serve out

spanforge COMMAND --help shows what a command can do. A model is a folder or a name on the hub,
and data is a file or a name on the hub.
`

export function createProgram(): Command {
  const { version } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8'))
  const program = new Command('spanforge')
    .description('Fine-tune BERT for extractive question answering: train, evaluate, answer. No Python.')
    .version(version, '-V, --version')
    .addHelpText('after', EXAMPLES)
  for (const [heading, commands] of Object.entries(GROUPS))
    for (const create of commands) program.addCommand(create().helpGroup(heading))
  for (const command of everyCommand(program)) {
    command.exitOverride().showHelpAfterError('(--help shows what there is)')
    nameAllMissing(command)
  }
  return program
}

/** Runs a command line, without node and script, to its end; returns the exit code. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let usage = 0
  const failed = await exitCodeOf(async () => {
    try {
      await createProgram().parseAsync(argv, { from: 'user' })
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error
      // Commander has said what is wrong, or shown the help that was asked for.
      usage = error.exitCode === 0 ? 0 : 2
    }
  })
  return failed || usage
}

/** Commander names the first option that is missing, and the next one once that is given. */
function nameAllMissing(command: Command): void {
  const { outputError } = command.configureOutput()
  command.configureOutput({
    outputError(text, write) {
      const missing = command.options.filter(
        (it) => it.mandatory && command.getOptionValue(it.attributeName()) === undefined,
      )
      const several = missing.length > 1 && text.startsWith('error: required option')
      const all = missing.map(({ flags }) => `'${flags}'`).join(', ')
      outputError?.(several ? `error: required options ${all} not specified\n` : text, write)
    },
  })
}

const everyCommand = (command: Command): Command[] => [command, ...command.commands.flatMap(everyCommand)]
