import { UsageError } from '../../errors.ts'
import { intervalSteps, type TrainingArguments } from '../arguments/arguments.ts'
import { warmupSteps } from '../optimizer/schedule.ts'
import type { Plan } from './plan.ts'

/** Fraction of the time reserved for saving and for steps that are slower than measured. */
const MARGIN = 0.05

export interface Measured {
  readonly seconds_per_step: number
  /** 0 without validation questions. */
  readonly seconds_per_evaluation: number
}

/**
 * Shortens the plan to fit into `seconds`, including one additional evaluation at the end of the run.
 * @throws UsageError if no step fits, or the warm-up is longer than the run
 */
export function fitPlan(plan: Plan, args: TrainingArguments, seconds: number, measured: Measured): Plan {
  const { seconds_per_step, seconds_per_evaluation } = measured
  const needed = (steps: number) =>
    steps * seconds_per_step + (evaluationsOf(plan, args, steps) + 1) * seconds_per_evaluation
  const available = seconds * (1 - MARGIN)
  let [fits, tooMany] = [0, plan.max_steps + 1]
  while (tooMany - fits > 1) {
    const steps = Math.floor((fits + tooMany) / 2)
    if (needed(steps) <= available) fits = steps
    else tooMany = steps
  }
  if (fits === 0)
    throw new UsageError(
      `max_minutes ${args.max_minutes} is too short: a step takes ${seconds_per_step.toPrecision(2)} seconds, ` +
        `an evaluation ${seconds_per_evaluation.toPrecision(2)}, and ${Math.max(0, seconds).toPrecision(2)} seconds are left`,
      'Raise max_minutes, or evaluate fewer questions (max_eval_samples).',
    )
  const warmup = warmupSteps(args, fits)
  if (warmup > fits)
    throw new UsageError(
      `warmup_steps ${warmup} exceeds the ${fits} steps that fit into max_minutes ${args.max_minutes}`,
      'Lower warmup_steps, use warmup_ratio, or raise max_minutes.',
    )
  return shortenPlan(plan, fits)
}

/**
 * Returns the plan of a resumed run, which keeps the number of steps determined at the start.
 * @throws UsageError if max_minutes is set but the run began without it
 */
export function resumedPlan(planned: Plan, { max_minutes }: TrainingArguments, fitted: number | undefined): Plan {
  if (max_minutes === null) return planned
  if (fitted !== undefined) return shortenPlan(planned, fitted)
  throw new UsageError(
    'max_minutes: the run began without it, so its schedule can no longer be adapted',
    'Resume without max_minutes, or start a new run from the checkpoint (--model).',
  )
}

/** Keeps the epochs but ends after `max_steps` steps. */
function shortenPlan(plan: Plan, max_steps: number): Plan {
  const { steps_per_epoch, samples } = plan
  if (max_steps === plan.max_steps) return plan
  const epochs = Math.ceil(max_steps / steps_per_epoch)
  return { ...plan, max_steps, epochs, samples: (samples * max_steps) / plan.max_steps }
}

function evaluationsOf({ steps_per_epoch }: Plan, args: TrainingArguments, steps: number): number {
  const atStart = args.eval_on_start ? 1 : 0
  if (args.eval_strategy === 'no') return atStart
  const interval = args.eval_strategy === 'epoch' ? steps_per_epoch : intervalSteps(args.eval_steps, steps)
  return atStart + Math.ceil(steps / interval)
}
