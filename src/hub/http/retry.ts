/** A temporary failure, such as a broken connection or a busy server. `wait` is the server's Retry-After in ms. */
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
  /** Number of consecutive attempts without progress before giving up. */
  readonly attempts: number
  /** Milliseconds before the second attempt. The delay doubles with every further attempt. */
  readonly firstDelay: number
  /** Maximum delay in milliseconds. If the server asks for more, the operation fails at once. */
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
 * Retries an operation that fails with a `TransientError`, after the delay that the server asked for (Retry-After) or
 * an exponential backoff with jitter between 50 % and 100 %. The operation calls `progressed` whenever it gets further
 * than any attempt before, which resets the count of failures.
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

/** Parses a Retry-After header, which holds seconds or a date (RFC 9110, 10.2.3), into milliseconds. */
export function retryAfter(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined) return undefined
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}
