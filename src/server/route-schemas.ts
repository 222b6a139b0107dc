import { z } from 'zod'
import { Problem } from './contract.ts'

const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: Problem } },
})

/** What may go wrong in every route that answers, for OpenAPI. */
export const failures = {
  400: problem('The body is no JSON'),
  401: problem('No token, or a wrong one'),
  404: problem('There is no such model'),
  413: problem('More text than this server reads'),
  415: problem('The body is not application/json'),
  422: problem('The request cannot be answered as it stands'),
  429: problem('Too many requests from one client: Retry-After says when to ask again'),
  503: problem('Too much waits already: Retry-After says when to ask again'),
  504: problem('Not answered in time'),
}

export const eventStream = { description: 'Server-sent events', content: { 'text/event-stream': { schema: z.any() } } }
