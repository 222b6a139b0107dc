/** Server settings, named as on the command line. Units are seconds, megabytes, characters and tokens. */
export interface ServerSettings {
  readonly host: string
  readonly port: number
  readonly cors?: readonly string[]
  /** Maximum requests per minute from one client. */
  readonly rate_limit?: number
  readonly trust_proxy?: boolean
  readonly max_body: number
  readonly max_context: number
  readonly max_question: number
  /** Maximum windows per request. */
  readonly max_windows: number
  readonly max_requests: number
  readonly batch_tokens: number
  /** Milliseconds that an idle server waits for more requests before it computes a batch. */
  readonly batch_wait: number
  readonly timeout: number
  readonly grace: number
  /** File for questions with low confidence and corrections (default: none are kept). */
  readonly log_questions?: string
  /** Confidence below which questions are kept. */
  readonly log_below: number
  /** Maximum size of the file. */
  readonly log_max_size: number
}

export const SERVER_DEFAULTS = {
  host: '127.0.0.1',
  port: 8000,
  max_body: 16,
  max_context: 2_000_000,
  max_question: 2000,
  max_windows: 10_000,
  max_requests: 256,
  batch_tokens: 1024,
  batch_wait: 2,
  timeout: 60,
  grace: 30,
  log_below: 0.5,
  log_max_size: 100,
} as const satisfies ServerSettings
