/** Runs a training from the command line, on one process or on several ranks. */

import { isFirst, type Ranks } from '../../ranks/ranks.ts'
import type { RunOutcome } from '../../runs/train/fine-tune.ts'
import type { TrainingArguments } from '../../training/arguments/arguments.ts'
import { catchInterrupts } from '../terminal/interrupts.ts'
import type { Output } from '../terminal/output.ts'
import { type DashboardFlags, withDashboard } from './dashboard.ts'
import { withHubProgress } from './hub.ts'
import { shellQuoted } from './training.ts'

export interface CommandRun {
  /** Name of the command that resumes the run. */
  readonly name: 'train' | 'adapt'
  readonly flags: DashboardFlags & { readonly args_file?: string; readonly offline?: boolean }
  readonly args: TrainingArguments
  readonly output: Output
  /** The command line without secrets. */
  readonly command: string
}

/** Trains on the rank of this process. The first one shows and writes everything. */
export const trainOnRank = (run: CommandRun, ranks: Ranks | undefined): Promise<void> =>
  isFirst(ranks) ? trainOnFirst(run, ranks) : trainSilently(run, ranks!)

async function trainSilently({ flags, args }: CommandRun, ranks: Ranks): Promise<void> {
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

async function trainOnFirst(run: CommandRun, ranks: Ranks | undefined): Promise<void> {
  const { flags, args, output, command } = run
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
    output.print(howToResume(outcome, run))
    output.result(outcome)
    process.exitCode = interrupts.exitCode()
  } finally {
    interrupts.release()
  }
}

function howToResume(
  { folder, global_step }: Extract<RunOutcome, { status: 'interrupted' }>,
  { name, args }: CommandRun,
): string {
  if (!folder) return 'Stopped before the first step; nothing was saved.'
  return (
    `Stopped after step ${global_step}. Checkpoint: ${folder}\nTo resume, run:\n` +
    `  npx spanforge ${name} --output_dir ${shellQuoted(args.output_dir)} --resume_from_checkpoint latest`
  )
}
