import type { RecordLog } from './record-log.ts'
import type { Pulse } from './records.ts'

export type Action = 'pause' | 'resume' | 'stop'

/** The server's interface to a run in progress, in the same or another thread. */
export interface LiveSource {
  /** Output folder. */
  readonly name: string
  readonly log: RecordLog
  pulse(): Pulse
  /** @throws UsageError where the run's state does not allow the action */
  control(action: Action): void | Promise<void>
}
