import type { FlatParameters } from '../../models/flat-parameters.ts'

/** Turns gradients into a change of the parameters. */
export interface Optimizer {
  /** Steps taken so far, which do not include those that were skipped. A resumed run sets it. */
  taken: number
  /** What it remembers of the steps, by name: stored in checkpoints, and read back by a resumed run. */
  readonly state: Readonly<Record<string, FlatParameters>>
  /**
   * Changes the parameters.
   * @param clip what the gradients are multiplied with first; 1 for no clipping
   * @returns whether all parameters and state are finite afterwards
   */
  step(learning_rate: number, clip: number): boolean
}
