import { Command } from 'commander'
import { isFirst, type Ranks } from '../../ranks/ranks.ts'
import { setQuiet } from '../../runs/screen/live-bar.ts'
import type { RunOutcome } from '../../runs/train/fine-tune.ts'
import type { TrainingArguments } from '../../training/arguments/arguments.ts'
import { type DashboardFlags, withDashboard, withDashboardFlags } from '../flags/dashboard.ts'
import { withHubProgress } from '../flags/hub.ts'
import { shownCommand } from '../flags/shown-command.ts'
import { shellQuoted, trainingArgumentsOf, withTrainingFlags } from '../flags/training.ts'
import { catchInterrupts } from '../terminal/interrupts.ts'
import { createOutput, type Output } from '../terminal/output.ts'
import { withRanks } from '../terminal/with-ranks.ts'

interface OwnFlags extends DashboardFlags {
  readonly args_file?: string
  readonly preset?: string
  readonly json?: boolean
  readonly offline?: boolean
}

const EXAMPLES = `
Examples:
  Repeat the run of the notebook: bert-base-uncased, 3,000 questions of SQuAD:
    spanforge train --preset notebook --output_dir out

  Evaluate and save after each epoch, and keep the best model:
    spanforge train --model bert-base-uncased --dataset squad \\
      --max_train_samples 3000 --output_dir out --num_train_epochs 3 \\
      --per_device_train_batch_size 16 --learning_rate 3e-5 \\
      --eval_strategy epoch --save_strategy epoch --load_best_model_at_end

  Read arguments from a JSON or YAML file; flags override it:
    spanforge train --args_file arguments.yaml --seed 43

  Watch the run in a web page, whose address is printed first:
    spanforge train --args_file arguments.yaml --dashboard

  Resume an interrupted run exactly where it stopped, with the same arguments:
    spanforge train --output_dir out --resume_from_checkpoint latest
`

/** `spanforge train`: fine-tunes a model for question answering. */
export function trainCommand(): Command {
  const withOwn = (command: Command) =>
    withDashboardFlags(command.option('--json', 'print all_results.json, and nothing else, to standard output'))
  return withTrainingFlags(new Command('train'), withOwn)
    .addHelpText('after', EXAMPLES)
    .action((given: OwnFlags & Record<string, unknown>, command: Command) =>
      train(given, trainingArgumentsOf(given), createOutput(given.json === true), shownCommand(command)),
    )
}

async function train(flags: OwnFlags, given: Record<string, unknown>, output: Output, command: string): Promise<void> {
  const { readArguments } = await import('../../runs/train/read-arguments.ts')
  const args = await readArguments(given, flags)
  if (args.disable_tqdm) setQuiet(true)
  const run = { flags, args, output, command }
  await withRanks((ranks) => (isFirst(ranks) ? trainOnFirst(run, ranks) : trainSilently(run, ranks!)))
}

interface Run {
  readonly flags: OwnFlags
  readonly args: TrainingArguments
  readonly output: Output
  readonly command: string
}

/** Trains on a rank other than the first one, which shows and writes everything. */
async function trainSilently({ flags, args }: Run, ranks: Ranks): Promise<void> {
  const { fineTune } = await import('../../runs/train/fine-tune.ts')
  const interrupts = catchInterrupts(() => {})
  try {
    const outcome = await fineTune(args, {
      control: { signal: interrupts.signal },
      hub: { offline: flags.offline },
      ranks,
    })
    if (outcome.status === 'interrupted') process.exitCode = interrupts.exitCode()
  } finally {
    interrupts.release()
  }
}

async function trainOnFirst({ flags, args, output, command }: Run, ranks: Ranks | undefined): Promise<void> {
  const { fineTune } = await import('../../runs/train/fine-tune.ts')
  const interrupts = catchInterrupts(() =>
    output.print('Finishing the step and saving. Press Ctrl-C again to quit immediately.'),
  )
  const inputs = flags.args_file === undefined ? [] : [flags.args_file]
  try {
    const outcome = await withHubProgress('Downloading', flags, output, (hub) =>
      withDashboard(flags, args, { output, interrupts }, (options) =>
        fineTune(args, { ...options, command, hub, inputs, ranks }),
      ),
    )
    if (outcome.status === 'finished') return output.result(outcome.results)
    output.print(howToResume(outcome, args.output_dir))
    output.result(outcome)
    process.exitCode = interrupts.exitCode()
  } finally {
    interrupts.release()
  }
}

function howToResume(
  { folder, global_step }: Extract<RunOutcome, { status: 'interrupted' }>,
  output_dir: string,
): string {
  if (!folder) return 'Stopped before the first step; nothing was saved.'
  return (
    `Stopped after step ${global_step}. Checkpoint: ${folder}\nTo resume, run:\n` +
    `  npx spanforge train --output_dir ${shellQuoted(output_dir)} --resume_from_checkpoint latest`
  )
}
