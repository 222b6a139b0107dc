import { isIP } from 'node:net'
import { hostname } from 'node:os'
import type { FastifyRequest } from 'fastify'
import { showValue } from '../../show-value.ts'
import { HttpProblem } from '../http/problem.ts'

/**
 * Rejects requests whose Host header is not a name or address of this machine. This prevents DNS rebinding, in which
 * another site points its own host name here to get same-origin access. `flag` is the one that sets the name.
 */
export function checkHost({ headers: { host = '' } }: FastifyRequest, ownNames: readonly string[], flag: string): void {
  const name = nameOf(host)
  if (name !== undefined && (isIP(name) !== 0 || [...OWN_NAMES, ...ownNames].includes(name))) return
  throw new HttpProblem(403, `Host: found ${showValue(host)}, expected an IP address or a name of this machine.`, {
    remedy: `Open the address printed in the terminal, or set the name with ${flag}.`,
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

/** Whether a browser sent the request for a page of this server. Other clients send no Origin. */
export function isFromOwnPage({ headers }: FastifyRequest): boolean {
  const { origin, host = '', 'sec-fetch-site': site = 'same-origin' } = headers
  return origin !== undefined && hostOf(origin) === host.toLowerCase() && site === 'same-origin'
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host
  } catch {
    return undefined
  }
}
