/** What the command line and the server call by the same names: seconds, megabytes, characters, tokens. */
export interface ServerSettings {
  readonly host: string
  readonly port: number
  readonly cors?: readonly string[]
  /** Requests a minute of one client. */
  readonly rateLimit?: number
  readonly trustProxy?: boolean
  readonly maxBody: number
  readonly maxContext: number
  readonly maxQuestion: number
  /** Windows of a request. */
  readonly maxWindows: number
  readonly maxRequests: number
  readonly batchTokens: number
  /** In milliseconds. */
  readonly batchWait: number
  readonly timeout: number
  readonly grace: number
}

/** What a server does unless told otherwise. */
export const SERVER_DEFAULTS = {
  host: '127.0.0.1',
  port: 8000,
  maxBody: 16,
  maxContext: 2_000_000,
  maxQuestion: 2000,
  maxWindows: 10_000,
  maxRequests: 256,
  batchTokens: 1024,
  batchWait: 2,
  timeout: 60,
  grace: 30,
} as const satisfies ServerSettings
