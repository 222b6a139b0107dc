/** Metrics that the page derives from a run. */
import { setting } from '../report/render/format.ts'
import type { LogEntry } from '../training/checkpoints/state.ts'
import type { ArgumentValues } from './records.ts'
import type { RunView } from './run-view.ts'

export interface Rates {
  readonly samples: number
  readonly tokens: number
}

/** Number of latest points that count as recent. */
const RECENT = 30

/** Samples and tokens per second over the latest steps, or undefined before the first. */
export function latestRates({ steps }: RunView): Rates | undefined {
  const seconds = sum(steps.seconds.slice(-RECENT))
  if (seconds === 0) return undefined
  return { samples: sum(steps.samples.slice(-RECENT)) / seconds, tokens: sum(steps.tokens.slice(-RECENT)) / seconds }
}

/** Estimated remaining seconds for steps and evaluations, or undefined if unknown. */
export function timeLeft(view: RunView): number | undefined {
  const { steps, step, first_step, max_steps } = view
  const from = Math.max(0, steps.step.length - RECENT)
  const before = from > 0 ? steps.step[from - 1] : first_step
  const taken = (steps.step.at(-1) ?? 0) - before
  if (taken <= 0) return undefined
  const aStep = sum(steps.seconds.slice(from)) / taken
  const evaluated = evaluationsOf(view.log)
  const lastEvaluated = evaluated.at(-1)?.step ?? 0
  const evaluating = lastEvaluated > 0 ? sum(evaluated.map(({ eval_runtime = 0 }) => eval_runtime)) / lastEvaluated : 0
  return Math.max(0, max_steps - step) * (aStep + evaluating)
}

/** Seconds spent on steps and evaluations, including earlier sessions. */
export const timeSpent = (view: RunView): number =>
  sum(view.steps.seconds) + sum(evaluationsOf(view.log).map(({ eval_runtime = 0 }) => eval_runtime))

/** The evaluations during training. Excludes the final evaluation of the best model, which repeats a step. */
export function evaluationsOf(log: readonly LogEntry[]): LogEntry[] {
  const found: LogEntry[] = []
  for (const entry of log)
    if (entry.eval_loss !== undefined && (found.length === 0 || entry.step > found.at(-1)!.step)) found.push(entry)
  return found
}

/** The evaluation that the run chose as best, else the one with the lowest validation loss. */
export function bestEvaluation({ log, best_step }: Pick<RunView, 'log' | 'best_step'>): LogEntry | undefined {
  const all = evaluationsOf(log)
  return (
    all.find(({ step }) => step === best_step) ??
    all.toSorted((a, b) => (a.eval_loss ?? Infinity) - (b.eval_loss ?? Infinity))[0]
  )
}

/**
 * An exponential moving average whose weights halve every `halfLife` values, with bias correction for the first values
 * as in Adam.
 */
export function smoothed(values: readonly (number | null)[], halfLife: number): (number | null)[] {
  const keep = 0.5 ** (1 / halfLife)
  let [mean, weight] = [0, 0]
  return values.map((value) => {
    if (value === null) return null
    mean = keep * mean + (1 - keep) * value
    weight = keep * weight + (1 - keep)
    return mean / weight
  })
}

/** Arguments that concern the location of a run, not its training. */
const PLACES = ['output_dir', 'overwrite_output_dir', 'resume_from_checkpoint', 'logging_dir', 'run_name']

/** The arguments that differ between runs, with their values in each run. */
export function differingArguments(runs: readonly ArgumentValues[]): { name: string; values: string[] }[] {
  const names = [...new Set(runs.flatMap((args) => Object.keys(args)))].filter((name) => !PLACES.includes(name))
  return names
    .map((name) => ({ name, values: runs.map((args) => argumentText(args[name])) }))
    .filter(({ values }) => values.some((value) => value !== values[0]))
}

/** Formats an argument as one would type it: 3e-5, 0.01, true. */
export function argumentText(value: unknown): string {
  if (value === undefined || value === null) return '–'
  if (typeof value === 'number') return setting(value)
  if (Array.isArray(value)) return value.length > 0 ? value.map(argumentText).join(', ') : '–'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
