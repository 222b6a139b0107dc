/** How a program steers a run in progress. */
export interface RunControl {
  /** Asks the run to finish its step, save, and end, so that it can be resumed. */
  readonly signal?: AbortSignal
  /** Called after each step: a promise pauses the run until it resolves or `signal` is aborted. */
  readonly hold?: () => Promise<void> | undefined
}
