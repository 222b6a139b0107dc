import { randomBytes, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import type { FastifyRequest } from 'fastify'
import { HttpProblem } from '../server/problem.ts'
import { showValue } from '../show-value.ts'

/** Part of the address that the terminal shows: whoever has it may pause and stop the run. */
export const newToken = (): string => randomBytes(16).toString('hex')

/**
 * Refuses a request by a name that is not this machine's. A page elsewhere may have its own name point here (DNS
 * rebinding), and would then be let read and send as if it were ours; it cannot have the name be an address.
 */
export function checkHost({ headers: { host = '' } }: FastifyRequest, ownNames: readonly string[]): void {
  const name = nameOf(host)
  if (name !== undefined && (isIP(name) !== 0 || [...OWN_NAMES, ...ownNames].includes(name))) return
  throw new HttpProblem(403, `Host: found ${showValue(host)}, expected an address or a name of this machine.`, {
    remedy: 'Open the address that the terminal shows, or give the name with --dashboard_host.',
  })
}

const OWN_NAMES: readonly string[] = ['localhost', hostname().toLowerCase()]

/** Of "name:port"; undefined for what is no such thing. */
function nameOf(host: string): string | undefined {
  try {
    const { hostname, username, pathname } = new URL(`http://${host}`)
    return username || pathname !== '/' ? undefined : hostname.replace(/^\[|\]$/g, '').toLowerCase()
  } catch {
    return undefined
  }
}

/** Lets through only what the dashboard's own page asks, opened with the token: another site can do neither. */
export function checkControl({ headers }: FastifyRequest, token: string): void {
  const { origin, host = '', authorization = '', 'sec-fetch-site': site = 'same-origin' } = headers
  if (origin === undefined || hostOf(origin) !== host.toLowerCase() || site !== 'same-origin')
    throw new HttpProblem(403, `Origin: found ${showValue(origin ?? null)}, expected the dashboard's own page.`)
  if (!isSame(authorization, `Bearer ${token}`))
    throw new HttpProblem(401, 'The token is missing or is that of another run.', {
      remedy: 'Open the whole address that the terminal shows, with what follows #.',
    })
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host
  } catch {
    return undefined
  }
}

/** In a time that does not tell how much of it is right. */
function isSame(found: string, expected: string): boolean {
  const [a, b] = [Buffer.from(found), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
