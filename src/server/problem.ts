import { STATUS_CODES } from 'node:http'
import { SpanforgeError } from '../errors.ts'
import type { Problem as ProblemBody } from './contract.ts'

/** A request that is not answered: the status says why, in the words of HTTP; `Retry-After` where waiting helps. */
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

/** What other code's errors carry, fastify's among them. */
interface Foreign {
  readonly statusCode?: number
  readonly message?: string
}

/**
 * Any error as a problem. A SpanforgeError was foreseen, and is the request's fault: 422. What fastify found wrong has
 * its status. All else is a fault of ours, of which the caller learns nothing: it stands in the log.
 */
export function asProblem(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error
  if (error instanceof SpanforgeError) {
    return new HttpProblem(422, error.summary, { remedy: error.options.remedy, cause: error })
  }
  const { statusCode = 500, message = '' } = (error ?? {}) as Foreign
  if (statusCode >= 400 && statusCode < 500) return new HttpProblem(statusCode, message, { cause: error })
  return new HttpProblem(500, 'The server failed.', {
    remedy: 'Its log says more, under the request_id.',
    cause: error,
  })
}

/** The body of application/problem+json. */
export const problemBody = ({ status, detail, options }: HttpProblem, request_id?: string): ProblemBody => ({
  type: 'about:blank',
  title: STATUS_CODES[status] ?? 'Error',
  status,
  detail,
  remedy: options.remedy,
  request_id,
})
