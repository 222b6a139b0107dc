import type { TextLimits } from './limits.ts'
import type { Metrics } from './metrics.ts'
import type { Models } from './models.ts'

/** What the routes of the service share. */
export interface ServiceContext {
  readonly models: Models
  readonly metrics: Metrics
  readonly limits: TextLimits
  /** Milliseconds that a request may take; streams have all the time they need. */
  readonly timeout: number
  /** Who may load models anew: nobody where the server knows no tokens. */
  readonly mayReload: boolean
  /** False once the server is going down. */
  isReady(): boolean
}
