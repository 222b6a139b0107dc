/** What the command line and the server call by the same names: seconds, megabytes, characters, tokens. */
export interface ServerSettings {
  readonly host: string
  readonly port: number
  readonly cors?: readonly string[]
  /** Requests a minute of one client. */
  readonly rate_limit?: number
  readonly trust_proxy?: boolean
  readonly max_body: number
  readonly max_context: number
  readonly max_question: number
  /** Windows of a request. */
  readonly max_windows: number
  readonly max_requests: number
  readonly batch_tokens: number
  /** In milliseconds. */
  readonly batch_wait: number
  readonly timeout: number
  readonly grace: number
}

/** What a server does unless told otherwise. */
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
} as const satisfies ServerSettings
