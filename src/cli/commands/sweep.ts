import { join } from 'node:path'
import { Command } from 'commander'
import { SpanforgeError } from '../../errors.ts'
import { sweepTable } from '../../report/blocks/sweep-table.ts'
import { textTable } from '../../report/render/table.ts'
import { type SweepSummary, sweepConfigurations } from '../../report/summary/sweep.ts'
import { withHubProgress } from '../flags/hub.ts'
import { type ShardFlag, withShardFlag } from '../flags/outputs.ts'
import { integerFrom } from '../flags/parsers.ts'
import { shownCommand } from '../flags/shown-command.ts'
import { shellQuoted, trainingArgumentsOf, withTrainingFlags } from '../flags/training.ts'
import { catchInterrupts } from '../terminal/interrupts.ts'
import { createOutput } from '../terminal/output.ts'
import { hasColor, terminalScreen } from '../terminal/screen.ts'

interface SweepFlags extends Readonly<Record<string, unknown>>, ShardFlag {
  readonly grid?: readonly string[]
  readonly random?: number
  readonly range?: readonly string[]
  readonly sweep_file?: string
  readonly args_file?: string
  readonly preset?: string
  readonly json?: boolean
  readonly offline?: boolean
}

const EXAMPLES = `
Examples:
  Try every combination of two learning rates and two seeds, ranked by F1:
    spanforge sweep --args_file arguments.json --output_dir sweep \\
      --metric_for_best_model f1 \\
      --grid learning_rate=3e-5,1e-4 --grid seed=42,43

  Try ten random configurations; a larger number later keeps the first ten:
    spanforge sweep --args_file arguments.json --output_dir sweep \\
      --random 10 --range learning_rate=1e-5..2e-4:log --grid warmup_ratio=0,0.1

  To resume an interrupted sweep, run the same command again. To watch its runs:
    spanforge dashboard sweep
`

/** `spanforge sweep`: a grid or random search over training arguments. */
export function sweepCommand(): Command {
  const list = (text: string, previous: readonly string[] = []) => [...previous, text]
  const command = new Command('sweep')
    .option('--grid <name=values>', 'argument and its values: learning_rate=3e-5,1e-4; can be repeated', list)
    .option('--random <integer>', 'number of runs drawn at random from grid and ranges', integerFrom(1))
    .option('--range <name=low..high>', 'with --random: range to draw from; append :log for a log scale', list)
    .option('--sweep_file <file>', 'JSON or YAML file with grid, random and range')
    .option('--json', 'print the table as JSON')
  return withTrainingFlags(withShardFlag(command)).addHelpText('after', EXAMPLES).action(sweep)
}

/** The results table, followed by the path of the report and the command that compares the two best runs. */
function sweepText(sweep: SweepSummary, given: Readonly<Record<string, unknown>>): string {
  const lines = [textTable(sweepTable(sweep), { color: hasColor(process.stdout) })]
  const folder = String(given.output_dir)
  const finished = sweepConfigurations(sweep).flatMap(({ trials }) => {
    const trial = trials.find(({ status }) => status === 'finished')
    return trial ? [join(folder, trial.name)] : []
  })
  if (sweep.trials.length > sweepConfigurations(sweep).length)
    lines.push('', 'Scores are the mean over seeds (lowest to highest).')
  if (finished.length)
    lines.push('', `Table as a web page, with links to the reports of all runs: ${join(folder, 'sweep.html')}`)
  const data = given.validation_file ?? given.dataset
  if (finished.length > 1 && data)
    lines.push(
      `* best by ${sweep.metric}, possibly by chance. To test whether it is better than the second best, run:`,
      `  npx spanforge evaluate ${finished
        .slice(0, 2)
        .map((name) => `--model ${shellQuoted(name)}`)
        .join(' ')} --data ${shellQuoted(String(data))}`,
    )
  return lines.join('\n')
}

/** The results of a shard, and the command that merges all shards. */
const shardText = (sweep: SweepSummary, given: Readonly<Record<string, unknown>>): string =>
  [
    textTable(sweepTable(sweep), { color: hasColor(process.stdout) }),
    '',
    'When all shards have ended, compare their runs with:',
    `  npx spanforge merge ${shellQuoted(String(given.output_dir))}`,
  ].join('\n')

async function sweep(flags: SweepFlags, command: Command): Promise<void> {
  const { gatherArguments } = await import('../../runs/train/read-arguments.ts')
  const { runSweep } = await import('../../runs/sweep/sweep.ts')
  const { readConfigurationFile } = await import('../../runs/train/arguments-file.ts')
  const { sweepSpace, trialsOf } = await import('../../training/arguments/sweep-space.ts')
  const output = createOutput(flags.json === true)
  const given = await gatherArguments(trainingArgumentsOf(flags), flags)
  const space = sweepSpace(flags, flags.sweep_file ? (await readConfigurationFile(flags.sweep_file)).values : undefined)
  const trials = trialsOf(space, typeof given.seed === 'number' ? given.seed : 42)
  const interrupts = catchInterrupts(() =>
    output.print('Finishing the step and saving. Press Ctrl-C again to quit immediately.'),
  )
  // The details of each run are in its own report.
  const screen = { ...terminalScreen(output), show: () => {} }
  const inputs = [flags.args_file, flags.sweep_file].filter((path) => path !== undefined)
  try {
    const { status, sweep } = await withHubProgress('Downloading', flags, output, (hub) =>
      runSweep(given, trials, {
        screen,
        command: shownCommand(command),
        control: { signal: interrupts.signal },
        hub,
        inputs,
        shard: flags.shard,
      }),
    )
    if (output.forPeople) output.print(`\n${flags.shard ? shardText(sweep, given) : sweepText(sweep, given)}`)
    if (status === 'interrupted') output.print('Stopped. Run the same command again to resume.')
    output.result(sweep)
    if (status === 'interrupted') process.exitCode = interrupts.exitCode()
    else if (sweep.trials.length > 0 && !sweep.trials.some(({ status }) => status === 'finished'))
      throw new SpanforgeError('sweep: all runs failed', { remedy: 'See the errors above.' })
  } finally {
    interrupts.release()
  }
}
