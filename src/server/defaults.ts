/** What a server does unless told otherwise, in the units of the command line. */
export const SERVER_DEFAULTS = {
  host: '127.0.0.1',
  port: 8000,
  maxBody: 16,
  maxContext: 2_000_000,
  maxQuestion: 2000,
  maxRequests: 256,
  batchTokens: 1024,
  batchWait: 2,
  timeout: 60,
  grace: 30,
} as const
