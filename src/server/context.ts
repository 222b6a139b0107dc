import type { TextLimits } from './limits.ts'
import type { Metrics } from './metrics.ts'
import type { Models } from './models.ts'

/** State shared by the routes of the service. */
export interface ServiceContext {
  readonly models: Models
  readonly metrics: Metrics
  readonly limits: TextLimits
  /** Milliseconds within which a request must be answered. Streams have no limit. */
  readonly timeout: number
  /** Whether clients may reload models. Requires a server with tokens. */
  readonly mayReload: boolean
  /** False once the server is shutting down. */
  isReady(): boolean
}
