import { SEEDS, spreadOf } from './spread.ts'

/** One run of a sweep, and what came of it. */
export interface SweepTrial {
  /** Folder of the run, in the sweep's. */
  readonly name: string
  readonly values: Readonly<Record<string, unknown>>
  readonly status: 'finished' | 'failed' | 'not run yet'
  /** Why it failed. */
  readonly error?: string
  /** Of the model that was saved, and of its training. */
  readonly metrics?: Readonly<Record<string, number>>
  /** Digests of its data and base model. */
  readonly digests?: Readonly<Record<string, string>>
}

/** A sweep as far as it has come. */
export interface SweepSummary {
  /** Names of the arguments that were tried. */
  readonly parameters: readonly string[]
  /** What the runs are compared by: 'eval_loss', 'eval_exact_match', 'eval_f1'. */
  readonly metric: string
  readonly greater_is_better: boolean
  /** Those of the best configuration first; those without the metric last, in the order of the sweep. */
  readonly trials: readonly SweepTrial[]
}

/** Runs of a sweep that differ only in their seeds. */
export interface SweepConfiguration {
  /** What was tried, without the seeds. */
  readonly values: Readonly<Record<string, unknown>>
  /** In the order of the sweep. */
  readonly trials: readonly SweepTrial[]
}

/**
 * The configurations of a sweep, best first by the mean of their finished runs: the difference between two seeds is
 * chance, and no reason to prefer a run. Those without a finite metric come last, in the order of the sweep.
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
  // Infinity minus infinity is no order.
  return [...groups.values()].sort((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)))
}

/** The runs of the best configuration first. */
export const ranked = (sweep: SweepSummary): SweepTrial[] => sweepConfigurations(sweep).flatMap(({ trials }) => trials)

/** The arguments that were tried, without the seeds. */
export const comparedParameters = ({ parameters }: SweepSummary): string[] =>
  parameters.filter((name) => !SEEDS.includes(name))

const withoutSeeds = (values: SweepTrial['values']): SweepTrial['values'] =>
  Object.fromEntries(Object.entries(values).filter(([name]) => !SEEDS.includes(name)))
