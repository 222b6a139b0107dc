import { STATUS_CODES } from 'node:http'
import type { FastifyRequest } from 'fastify'
import type { Problem } from './contract.ts'
import { asProblem, HttpProblem } from './problem.ts'

const DESCRIBED = 'See /docs for the request format.'

/** Converts an error to a problem that says how to fix the request. */
export function explained(error: unknown, { body, routeOptions }: FastifyRequest): HttpProblem {
  const problem = asProblem(error)
  const { status, detail, more } = problem
  const say = (remedy: string, text = detail) => new HttpProblem(status, text, { ...more, remedy })
  if (more.remedy) return problem
  switch (status) {
    case 400:
      return say(`Send a JSON object. ${DESCRIBED}`)
    case 413:
      return say(
        'Send less per request, or start the server with a larger --max_body.',
        `The body is larger than ${megabytes(routeOptions.bodyLimit)} MB.`,
      )
    case 415:
      return say('Send JSON with the header "Content-Type: application/json".')
    case 422:
      return say(routeOptions.url === '/api/answer' && asksMany(body) ? MANY : DESCRIBED)
    default:
      return problem
  }
}

const megabytes = (bytes = 0): string => (bytes / 2 ** 20).toLocaleString('en-US', { maximumFractionDigits: 1 })

const MANY = 'To ask several questions (questions or inputs), use /api/batch.'

const asksMany = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && ('questions' in body || 'inputs' in body)

/** The body of application/problem+json. */
export const problemBody = ({ status, detail, options }: HttpProblem, request_id?: string): Problem => ({
  type: 'about:blank',
  title: STATUS_CODES[status] ?? 'Error',
  status,
  detail,
  remedy: options.remedy,
  request_id,
})
