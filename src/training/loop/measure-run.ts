import { windowLosses } from '../../inference/logits.ts'
import { agreeOn } from '../../ranks/ranks.ts'
import { decideArguments } from '../arguments/stored-settings.ts'
import { epochOrder, epochSteps } from './batches.ts'
import type { Stepper } from './stepper.ts'
import type { Measured } from './time-budget.ts'
import { clockOf, type TrainingRun, withGlobalBatchSize } from './training-run.ts'

/** Number of steps to measure. Stops earlier after the fraction SHARE of max_minutes. */
const STEPS = 4
const SHARE = 0.05

/** Number of validation windows to measure. */
const WINDOWS = 64

/**
 * Measures steps of the first epoch without changing the model, and the evaluation of a sample of validation windows.
 */
export async function measureRun(run: TrainingRun, stepper: Stepper): Promise<Measured> {
  return { seconds_per_evaluation: await measureEvaluation(run), seconds_per_step: await measureStep(run, stepper) }
}

async function measureStep(run: TrainingRun, stepper: Stepper): Promise<number> {
  const { args } = run
  const { windows } = run.train
  const lengths = windows.map(({ input_ids }) => input_ids.length)
  const batches = withGlobalBatchSize(run)
  const groups = epochSteps(epochOrder(lengths, batches, 0), batches)
  const now = clockOf(run)
  // The first step includes compilation.
  await stepper.rehearse(groups[0], windows)
  const from = now()
  let tokens = 0
  for (let i = 0; i < STEPS; i++) {
    tokens += await stepper.rehearse(groups[Math.floor((i * groups.length) / STEPS)], windows)
    if (await agreeOn(run.ranks, (now() - from) / 60_000 > SHARE * args.max_minutes!)) break
  }
  const tokensPerStep = lengths.reduce((total, length) => total + length, 0) / groups.length
  return ((now() - from) / 1000 / tokens) * tokensPerStep
}

async function measureEvaluation(run: TrainingRun): Promise<number> {
  const { model, args, validation, ranks } = run
  if (!validation) return 0
  const every = Math.ceil(validation.windows.length / WINDOWS)
  const sample = validation.windows.filter((_, i) => i % every === 0)
  const now = clockOf(run)
  const from = now()
  const options = {
    ...decideArguments(args, model.geometry),
    batch_size: args.per_device_eval_batch_size,
    share: ranks,
  }
  await windowLosses(model, sample, options)
  return ((now() - from) / 1000) * (validation.windows.length / sample.length)
}
