import { decimal } from '../render/format.ts'

/** A run of a sweep and its result. */
export interface SweepTrial {
  /** Name of the run's folder within the sweep's folder. */
  readonly name: string
  readonly values: Readonly<Record<string, unknown>>
  readonly status: 'finished' | 'failed' | 'not run yet'
  /** Error message of a failed run. */
  readonly error?: string
  /** Metrics of the training and of the saved model. */
  readonly metrics?: Readonly<Record<string, number>>
  /** Digests of the data and the base model. */
  readonly digests?: Readonly<Record<string, string>>
}

/** The current state of a sweep. */
export interface SweepSummary {
  /** Names of the arguments that the sweep varies. */
  readonly parameters: readonly string[]
  /** Metric to compare runs by: 'eval_loss', 'eval_exact_match' or 'eval_f1'. */
  readonly metric: string
  readonly greater_is_better: boolean
  /** Runs of the best configuration first, runs without the metric last in the order of the sweep. */
  readonly trials: readonly SweepTrial[]
}

/** Runs of a sweep that differ only in their seeds. */
export interface SweepConfiguration {
  /** Values of the varied arguments, without the seeds. */
  readonly values: Readonly<Record<string, unknown>>
  /** Runs of the configuration, in the order of the sweep. */
  readonly trials: readonly SweepTrial[]
}

/**
 * Groups the runs of a sweep into configurations, best first by the mean of their finished runs, because differences
 * between seeds are chance. Configurations without a finite metric come last, in the order of the sweep.
 */
export function sweepConfigurations({ metric, greater_is_better, trials }: SweepSummary): SweepConfiguration[] {
  const groups = new Map<string, SweepConfiguration>()
  for (const trial of trials) {
    const values = withoutSeeds(trial.values)
    const key = JSON.stringify(values)
    groups.set(key, { values, trials: [...(groups.get(key)?.trials ?? []), trial] })
  }
  const rank = ({ trials }: SweepConfiguration): number => {
    const mean = spreadOf(trials.map(({ metrics }) => metrics?.[metric]))?.mean
    if (mean === undefined) return Number.POSITIVE_INFINITY
    return greater_is_better ? -mean : mean
  }
  // Infinity - Infinity is NaN, which is not a valid result of a comparison.
  return [...groups.values()].sort((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)))
}

/** All runs, those of the best configuration first. */
export const ranked = (sweep: SweepSummary): SweepTrial[] => sweepConfigurations(sweep).flatMap(({ trials }) => trials)

/** The arguments that the sweep varies, without the seeds. */
export const comparedParameters = ({ parameters }: SweepSummary): string[] =>
  parameters.filter((name) => !SEEDS.includes(name))

const withoutSeeds = (values: SweepTrial['values']): SweepTrial['values'] =>
  Object.fromEntries(Object.entries(values).filter(([name]) => !SEEDS.includes(name)))

/** Arguments that may differ between repetitions of the same configuration. */
export const SEEDS: readonly string[] = ['seed', 'data_seed']

export interface Spread {
  readonly mean: number
  readonly lowest: number
  readonly highest: number
  readonly count: number
}

/** Mean and range of the finite numbers among the values; undefined if there are none. */
export function spreadOf(values: readonly unknown[]): Spread | undefined {
  const numbers = values.filter((value) => typeof value === 'number' && Number.isFinite(value)) as number[]
  if (numbers.length === 0) return undefined
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length
  return { mean, lowest: Math.min(...numbers), highest: Math.max(...numbers), count: numbers.length }
}

/** Formats mean and range: '46.00 (44.20 to 47.10)', or just the number if there is only one. */
export function spreadText(values: readonly unknown[], digits = 2): string {
  const spread = spreadOf(values)
  if (!spread) return '-'
  const { mean, lowest, highest, count } = spread
  const range = count > 1 ? ` (${decimal(lowest, digits)} to ${decimal(highest, digits)})` : ''
  return `${decimal(mean, digits)}${range}`
}
