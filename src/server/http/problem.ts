import { SpanforgeError } from '../../errors.ts'

/** An error with an HTTP status, and a Retry-After delay if a later attempt may succeed. */
export class HttpProblem extends SpanforgeError {
  override readonly name = 'Problem'

  constructor(
    readonly status: number,
    detail: string,
    readonly more: { readonly remedy?: string; readonly retryAfter?: number; readonly cause?: unknown } = {},
  ) {
    super(detail, { remedy: more.remedy, cause: more.cause })
  }

  get detail(): string {
    return this.summary
  }
}

/** The fields of errors from other code, such as fastify. */
interface Foreign {
  readonly statusCode?: number
  readonly message?: string
}

/**
 * Converts any error to a problem. A SpanforgeError is the client's fault and becomes 422. Client errors of fastify
 * keep their status. Anything else is a bug: the client receives a generic 500, and the details go to the log.
 */
export function asProblem(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error
  if (error instanceof SpanforgeError) {
    return new HttpProblem(422, error.summary, { remedy: error.options.remedy, cause: error })
  }
  const { statusCode = 500, message = '' } = (error ?? {}) as Foreign
  if (statusCode >= 400 && statusCode < 500) return new HttpProblem(statusCode, message, { cause: error })
  return new HttpProblem(500, 'Internal server error.', {
    remedy: 'See the server log for this request_id.',
    cause: error,
  })
}
