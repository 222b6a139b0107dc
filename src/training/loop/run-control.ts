/** Controls a run in progress. */
export interface RunControl {
  /** When aborted, the run finishes its step, saves and ends, so that it can be resumed. */
  readonly signal?: AbortSignal
  /** Called after each step. If it returns a promise, the run pauses until it resolves or `signal` is aborted. */
  readonly hold?: () => Promise<void> | undefined
}
