import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { HttpProblem } from '../server/http/problem.ts'
import { isFromOwnPage } from '../server/security/own-page.ts'
import { showValue } from '../show-value.ts'

/** Creates the token contained in the printed address. It authorizes pausing and stopping the run. */
export const newToken = (): string => randomBytes(16).toString('hex')

/** Accepts only requests that come from the dashboard's own page and include the token. */
export function checkControl(request: FastifyRequest, token: string): void {
  const { origin, authorization = '' } = request.headers
  if (!isFromOwnPage(request))
    throw new HttpProblem(403, `Origin: found ${showValue(origin ?? null)}, expected the dashboard's own page.`)
  if (!isSame(authorization, `Bearer ${token}`))
    throw new HttpProblem(401, 'The token is missing or belongs to another run.', {
      remedy: 'Open the complete address printed in the terminal, including the part after #.',
    })
}

/** Compares in constant time. */
function isSame(found: string, expected: string): boolean {
  const [a, b] = [Buffer.from(found), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
