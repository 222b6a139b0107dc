import { randomBytes, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import type { FastifyRequest } from 'fastify'
import { HttpProblem } from '../server/http/problem.ts'
import { showValue } from '../show-value.ts'

/** Creates the token contained in the printed address. It authorizes pausing and stopping the run. */
export const newToken = (): string => randomBytes(16).toString('hex')

/**
 * Rejects requests whose Host header is not a name or address of this machine. This prevents DNS rebinding, in which
 * another site points its own host name here to get same-origin access.
 */
export function checkHost({ headers: { host = '' } }: FastifyRequest, ownNames: readonly string[]): void {
  const name = nameOf(host)
  if (name !== undefined && (isIP(name) !== 0 || [...OWN_NAMES, ...ownNames].includes(name))) return
  throw new HttpProblem(403, `Host: found ${showValue(host)}, expected an IP address or a name of this machine.`, {
    remedy: 'Open the address printed in the terminal, or set the name with --dashboard_host.',
  })
}

const OWN_NAMES: readonly string[] = ['localhost', hostname().toLowerCase()]

/** The name in "name:port", or undefined if malformed. */
function nameOf(host: string): string | undefined {
  try {
    const { hostname, username, pathname } = new URL(`http://${host}`)
    return username || pathname !== '/' ? undefined : hostname.replace(/^\[|\]$/g, '').toLowerCase()
  } catch {
    return undefined
  }
}

/** Accepts only requests that come from the dashboard's own page and include the token. */
export function checkControl({ headers }: FastifyRequest, token: string): void {
  const { origin, host = '', authorization = '', 'sec-fetch-site': site = 'same-origin' } = headers
  if (origin === undefined || hostOf(origin) !== host.toLowerCase() || site !== 'same-origin')
    throw new HttpProblem(403, `Origin: found ${showValue(origin ?? null)}, expected the dashboard's own page.`)
  if (!isSame(authorization, `Bearer ${token}`))
    throw new HttpProblem(401, 'The token is missing or belongs to another run.', {
      remedy: 'Open the complete address printed in the terminal, including the part after #.',
    })
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host
  } catch {
    return undefined
  }
}

/** Compares in constant time. */
function isSame(found: string, expected: string): boolean {
  const [a, b] = [Buffer.from(found), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
