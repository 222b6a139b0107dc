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
  /** The best first; those without the metric last, in the order of the sweep. */
  readonly trials: readonly SweepTrial[]
}

/** Best first. A failed run, or one whose metric is not finite, comes after all others. */
export function ranked({ metric, greater_is_better, trials }: SweepSummary): SweepTrial[] {
  const rank = ({ metrics }: SweepTrial): number => {
    const value = metrics?.[metric]
    if (value === undefined || !Number.isFinite(value)) return Number.POSITIVE_INFINITY
    return greater_is_better ? -value : value
  }
  // Infinity minus infinity is no order.
  return [...trials].sort((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)))
}
