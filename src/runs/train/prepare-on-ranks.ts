import { deserialize, serialize } from 'node:v8'
import { fromFirst, isFirst, type LocalRanks, type Ranks, rejectDifferences, together } from '../../ranks/ranks.ts'
import type { LabeledWindow } from '../../squad/types.ts'
import type { TrainingArguments } from '../../training/arguments/arguments.ts'
import { readLoopState } from '../../training/checkpoints/run-checkpoint.ts'
import { planRun } from '../../training/loop/plan.ts'
import { withGlobalBatchSize } from '../../training/loop/training-run.ts'
import { noScreen } from '../screen/screen.ts'
import {
  cutInputs,
  loadInputs,
  type PreparedRun,
  type PrepareOptions,
  planInputs,
  prepareRun,
  type RunInputs,
} from './prepare.ts'

/**
 * Prepares the run on every rank, and checks that all have the same arguments, data and model. One rank of each host
 * begins, so that files are downloaded once, and cuts the windows for all ranks of its host.
 * @throws SpanforgeError on all ranks if one fails
 */
export async function prepareOnRanks(
  given: TrainingArguments,
  options: PrepareOptions,
  ranks: Ranks | undefined,
): Promise<PreparedRun> {
  if (!ranks) return prepareRun(given, options)
  const { rank, local } = ranks
  const own = { ...options, screen: isFirst(ranks) ? options.screen : noScreen, local_rank: local.rank }
  let args = given
  let inputs: RunInputs | undefined
  const loadIf = async (isTurn: boolean) => {
    inputs = await together(ranks, async () => inputs ?? (isTurn ? loadInputs(args, own) : undefined))
  }
  if (isMeasured(given)) {
    await loadIf(rank === 0)
    args = await fromFirst(ranks, inputs && { ...given, engine: inputs.args.engine, device: inputs.args.device })
  }
  await loadIf(local.rank === 0)
  await loadIf(true)
  const cut = await together(ranks, async () => (local.rank === 0 ? cutInputs(inputs!, own) : undefined))
  const windows = {
    train: await fromFirstOnHost(local, cut?.train),
    validation: await fromFirstOnHost(local, cut?.validation),
  }
  const run = await together(ranks, async () => planInputs(inputs!, windows))
  await rejectDifferences(ranks, { ...run.args, ...run.digests })
  return run
}

/** Whether the engine is chosen by measuring, which may give another result on each rank. */
const isMeasured = ({ engine, device, bf16, bf16_full_eval, fp16 }: TrainingArguments): boolean =>
  engine === 'auto' || device === 'auto' || (!engine && (bf16 || bf16_full_eval || fp16 === true))

/** Windows in a message, of which several are sent so that none becomes too large. */
const TOGETHER = 4096

/** Returns the windows that the first rank on this host has cut. */
async function fromFirstOnHost(
  local: LocalRanks,
  own: readonly LabeledWindow[] | undefined,
): Promise<readonly LabeledWindow[]> {
  if (local.size === 1) return own!
  const received: LabeledWindow[] = []
  for (let first = 0, isLast = false; !isLast; first += TOGETHER) {
    const part = own && { windows: own.slice(first, first + TOGETHER), isLast: first + TOGETHER >= own.length }
    const [bytes] = await local.gather(part ? serialize(part) : new Uint8Array(0))
    const { windows, isLast: ends } = deserialize(bytes) as NonNullable<typeof part>
    if (!own) for (const window of windows) received.push(window)
    isLast = ends
  }
  return own ?? received
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
