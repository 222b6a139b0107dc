import type { ServedIndex } from '../collection/served-index.ts'
import type { Metrics } from '../models/metrics.ts'
import type { Models } from '../models/models.ts'
import type { QuestionLog } from '../question-log/question-log.ts'
import type { TextLimits } from '../tokenizing/limits.ts'

/** State shared by the routes of the service. */
export interface ServiceContext {
  readonly models: Models
  readonly metrics: Metrics
  readonly limits: TextLimits
  readonly index?: ServedIndex
  /** Keeps uncertain questions and corrections. */
  readonly questionLog?: QuestionLog
  /** Whether the annotation page is at /annotate/. */
  readonly hasAnnotation: boolean
  /** Milliseconds within which a request must be answered. Streams have no limit. */
  readonly timeout: number
  /** Whether clients may reload models. Requires a server with tokens. */
  readonly mayReload: boolean
  /** False once the server is shutting down. */
  isReady(): boolean
}
