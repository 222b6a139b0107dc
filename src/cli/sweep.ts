import { Command } from 'commander'
import { SpanforgeError } from '../errors.ts'
import { sweepTable } from '../report/sweep-table.ts'
import { wholeNumber } from './flags.ts'
import { withHubProgress } from './hub-options.ts'
import { catchInterrupts } from './interrupts.ts'
import { createOutput } from './output.ts'
import { hasColour, textTable } from './table.ts'
import { terminalScreen } from './terminal-screen.ts'
import { trainingArgumentsOf, withTrainingFlags } from './training-flags.ts'

interface SweepFlags extends Readonly<Record<string, unknown>> {
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
  Every combination of two learning rates and two seeds, the best by F1 first:
    spanforge sweep --args_file arguments.json --output_dir sweep --metric_for_best_model f1 \\
      --grid learning_rate=3e-5,1e-4 --grid seed=42,43

  Ten draws; more of them later keep the first ten:
    spanforge sweep --args_file arguments.json --output_dir sweep \\
      --random 10 --range learning_rate=1e-5..2e-4:log --grid warmup_ratio=0,0.1

  The same command again goes on where it was interrupted.
`

/** `spanforge sweep`: a grid or random search over training arguments. */
export function sweepCommand(): Command {
  const list = (text: string, previous: readonly string[] = []) => [...previous, text]
  const command = new Command('sweep')
    .description('train with several arguments, one run after another, and compare: grid or random search')
    .option('--grid <name=values>', 'argument and its values: learning_rate=3e-5,1e-4 (may be given again)', list)
    .option('--random <integer>', 'draw so many runs from grid and ranges instead of all of the grid', wholeNumber(1))
    .option(
      '--range <name=low..high>',
      'with --random: from where to draw; ends with :log for orders of magnitude',
      list,
    )
    .option('--sweep_file <file>', 'JSON file with grid, random and range')
    .option('--json', 'print the table as one JSON document')
  return withTrainingFlags(command).addHelpText('after', EXAMPLES).action(sweep)
}

async function sweep(flags: SweepFlags): Promise<void> {
  const { gatherArguments } = await import('../runs/read-arguments.ts')
  const { runSweep } = await import('../runs/sweep.ts')
  const { readJsonFile } = await import('../checkpoint/json-file.ts')
  const { sweepSpace, trialsOf } = await import('../training/sweep-space.ts')
  const output = createOutput(flags.json === true)
  const given = await gatherArguments(trainingArgumentsOf(flags), flags)
  const space = sweepSpace(flags, flags.sweep_file ? await readJsonFile(flags.sweep_file) : undefined)
  const trials = trialsOf(space, typeof given.seed === 'number' ? given.seed : 42)
  const interrupts = catchInterrupts(() =>
    output.print('Finishing the step and saving. Once more (Ctrl-C) leaves at once.'),
  )
  // What a run shows at its beginning and end is in its own report.
  const screen = { ...terminalScreen(output), show: () => {} }
  try {
    const { status, sweep } = await withHubProgress('Downloading', flags, output, (hub) =>
      runSweep(given, trials, { screen, signal: interrupts.signal, hub }),
    )
    if (output.forPeople) output.print(`\n${textTable(sweepTable(sweep), { colour: hasColour(process.stdout) })}`)
    if (status === 'interrupted') output.print('Stopped. The same command goes on from here.')
    output.result(sweep)
    if (status === 'interrupted') process.exitCode = interrupts.exitCode()
    else if (!sweep.trials.some(({ status }) => status === 'finished'))
      throw new SpanforgeError('sweep: no run came to its end', { remedy: 'Each says above why it failed.' })
  } finally {
    interrupts.release()
  }
}
