import { packageVersion } from '../../package-root.ts'
import { isFirst, type Ranks, rejectDifferences, SharedFailure, together } from '../../ranks/ranks.ts'
import type { TrainingArguments } from '../../training/arguments/arguments.ts'
import { readLoopState } from '../../training/checkpoints/run-checkpoint.ts'
import { planRun } from '../../training/loop/plan.ts'
import { withGlobalBatchSize } from '../../training/loop/training-run.ts'
import { noScreen } from '../screen/screen.ts'
import { type PreparedRun, type PrepareOptions, prepareRun } from './prepare.ts'

/**
 * Prepares the run on every rank, and checks that all have the same version, arguments, data and model. One rank of each
 * host begins, so that files are downloaded once.
 * @throws SpanforgeError on all ranks if one fails
 */
export async function prepareOnRanks(
  args: TrainingArguments,
  options: PrepareOptions,
  ranks: Ranks | undefined,
): Promise<PreparedRun> {
  if (!ranks) return prepareRun(args, options)
  if (args.max_minutes !== null)
    throw new SharedFailure('train: max_minutes is not supported with several ranks, whose clocks differ', {
      remedy: 'Use max_steps or num_train_epochs.',
      exitCode: 2,
    })
  const prepare = () => prepareRun(args, { ...options, screen: isFirst(ranks) ? options.screen : noScreen })
  const first = await together(ranks, async () => (ranks.local.rank === 0 ? prepare() : undefined))
  const run = await together(ranks, async () => first ?? prepare())
  await rejectDifferences(ranks, { spanforge: packageVersion(), ...run.args, ...run.digests })
  return run
}

/**
 * Determines the number of windows in a batch over all ranks: that of the checkpoint, or per_device_train_batch_size for
 * each rank.
 */
export async function withBatchSize(
  run: PreparedRun,
  checkpoint: string | undefined,
  ranks: Ranks | undefined,
): Promise<PreparedRun> {
  const { per_device_train_batch_size } = run.args
  const stored = checkpoint ? (await together(ranks, () => readLoopState(checkpoint)))?.batch_size : undefined
  const batch_size = stored ?? (ranks && !checkpoint ? per_device_train_batch_size * ranks.size : undefined)
  if (batch_size === undefined) return run
  const plan = planRun(run.train.windows.length, withGlobalBatchSize({ ...run, batch_size }))
  return { ...run, batch_size, plan }
}
