import type { RecordLog } from './record-log.ts'
import type { Pulse } from './records.ts'

export type Action = 'pause' | 'resume' | 'stop'

/** A run in progress as the server sees it: in the same thread, or in another one that does not wait for the training. */
export interface LiveSource {
  /** Its output folder. */
  readonly name: string
  readonly log: RecordLog
  pulse(): Pulse
  /** @throws UsageError where the run's state does not allow the action */
  control(action: Action): void | Promise<void>
}
