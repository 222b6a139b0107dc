import type { FlatParameters } from '../../models/flat-parameters.ts'

/** Updates parameters from gradients. */
export interface Optimizer {
  /** Number of steps taken so far, excluding skipped ones. Set when a run is resumed. */
  taken: number
  /** Optimizer state by name, which is saved in checkpoints and restored when a run is resumed. */
  readonly state: Readonly<Record<string, FlatParameters>>
  /**
   * Updates the parameters.
   * @param clip factor applied to the gradients; 1 without clipping
   * @returns whether all parameters and the state are finite afterwards
   */
  step(learning_rate: number, clip: number): boolean | Promise<boolean>
  /** Copies parameters and state from the memory of a device, if they are there. */
  fetch?(): Promise<void>
  /** Must be called after writing to the state, except before the first step. */
  changed?(): void
}
