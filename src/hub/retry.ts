/** A failure that may pass: a broken connection, a busy or broken server. `wait` is what the server asked for, in ms. */
export class TransientError extends Error {
  constructor(
    message: string,
    readonly wait?: number,
    cause?: unknown,
  ) {
    super(message, { cause })
  }
}

export interface RetryPolicy {
  /** Tries in a row without progress before giving up. */
  readonly attempts: number
  /** Milliseconds before the second try; doubled before each one after it. */
  readonly firstDelay: number
  /** Milliseconds that no wait exceeds; a server that asks for more is not waited for. */
  readonly longestDelay: number
  readonly sleep: (milliseconds: number) => Promise<void>
  readonly random: () => number
}

export const PATIENT: RetryPolicy = {
  attempts: 6,
  firstDelay: 500,
  longestDelay: 120_000,
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  random: Math.random,
}

/**
 * Repeats an operation that failed with a `TransientError`, after the wait that the server asked for (Retry-After), or
 * else after an exponential back-off of which the upper half is drawn at random, so that many clients do not come back
 * together. The operation calls `progressed` when it got further than ever before: the count then starts again.
 */
export async function retrying<T>(policy: RetryPolicy, operation: (progressed: () => void) => Promise<T>): Promise<T> {
  let failures = 0
  while (true) {
    try {
      return await operation(() => {
        failures = 0
      })
    } catch (error) {
      failures++
      if (!(error instanceof TransientError) || failures >= policy.attempts) throw error
      const backoff = Math.min(policy.longestDelay, policy.firstDelay * 2 ** (failures - 1))
      const wait = error.wait ?? backoff * (0.5 + 0.5 * policy.random())
      if (wait > policy.longestDelay) throw error
      await policy.sleep(wait)
    }
  }
}

/** Milliseconds that a Retry-After header asks for: it holds seconds or a date (RFC 9110, 10.2.3). */
export function retryAfter(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined) return undefined
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}
