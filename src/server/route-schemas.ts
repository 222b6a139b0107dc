import { z } from 'zod'
import { Problem } from './contract.ts'

const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: Problem } },
})

/** Error responses shared by all routes that answer questions, for OpenAPI. */
export const failures = {
  400: problem('The body is not valid JSON'),
  401: problem('The token is missing or invalid'),
  404: problem('Unknown model'),
  413: problem('The body or the texts are too large'),
  415: problem('The body is not application/json'),
  422: problem('The request is invalid'),
  429: problem('Rate limit exceeded; retry after the delay in Retry-After'),
  503: problem('The server is overloaded; retry after the delay in Retry-After'),
  504: problem('The request timed out'),
}

export const eventStream = { description: 'Server-sent events', content: { 'text/event-stream': { schema: z.any() } } }
