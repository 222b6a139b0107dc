import { createHash, timingSafeEqual } from 'node:crypto'
import { isIPv6 } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HttpProblem } from '../http/problem.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Identifies the client for fair sharing: its network, plus the index of its token if tokens are required. */
    client: string
  }
}

/** The client that sent a request, and how long it waits. */
export interface Asker {
  readonly client: string
  /** Aborted when the client disconnects before its response has been sent, or when its time is up. */
  readonly signal: AbortSignal
}

/** Sets `request.client` to the client's network. Other hooks may add to it. */
export function identifyClients(app: Pick<FastifyInstance, 'decorateRequest' | 'addHook'>): void {
  app.decorateRequest('client', '')
  app.addHook('onRequest', async (request) => {
    request.client = networkOf(request.ip)
  })
}

/** An IPv4 address, or the first 64 bits of an IPv6 address, which providers assign to a single customer. */
export function networkOf(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address
  const [before, after] = address.split('::').map((part) => (part === '' ? [] : part.split(':')))
  const zeros = after ? new Array(8 - before.length - after.length).fill('0') : []
  return [...before, ...zeros, ...(after ?? [])]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')
}

export const askerOf = ({ client }: FastifyRequest, reply: FastifyReply, milliseconds = Infinity): Asker => ({
  client,
  signal: clientSignal(reply, milliseconds),
})

/** The client disconnected: its request is dropped and no response is sent. */
export class ClientGone extends HttpProblem {
  constructor() {
    // The status appears only in the log; nginx uses the same number.
    super(499, 'The client closed the connection.')
  }
}

/** A signal that is aborted when the client disconnects before its response has been sent, or after `milliseconds`. */
export function clientSignal(reply: FastifyReply, milliseconds = Infinity): AbortSignal {
  const controller = new AbortController()
  const timer = Number.isFinite(milliseconds)
    ? setTimeout(() => controller.abort(tooLate(milliseconds)), milliseconds)
    : undefined
  onceClosed(reply, () => {
    clearTimeout(timer)
    if (!reply.raw.writableFinished) controller.abort(new ClientGone())
  })
  return controller.signal
}

/** Calls `close` when the response has been sent or the connection is closed, or immediately if it already is. */
export function onceClosed({ raw }: FastifyReply, close: () => void): void {
  if (raw.destroyed) close()
  else raw.once('close', close)
}

const tooLate = (milliseconds: number): HttpProblem =>
  new HttpProblem(504, `The request timed out after ${milliseconds / 1000} seconds.`, {
    remedy: 'Send less text, or use /api/stream, which has no time limit.',
  })

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/**
 * Creates a hook that rejects requests without `Authorization: Bearer TOKEN` for one of the tokens. It compares digests
 * in constant time, which prevents timing attacks.
 */
export function bearerTokens(tokens: readonly string[]) {
  const known = tokens.map(digest)
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? []
    const sent = digest(token ?? '')
    const matches = known.flatMap((one, index) => (timingSafeEqual(one, sent) ? [index] : []))
    if (token !== undefined && matches.length > 0) {
      request.client += ` ${matches[0]}`
      return
    }
    reply.header('www-authenticate', token === undefined ? 'Bearer' : 'Bearer error="invalid_token"')
    throw new HttpProblem(401, token === undefined ? 'This server requires a token.' : 'The token is invalid.', {
      remedy: 'Send the header "Authorization: Bearer TOKEN".',
    })
  }
}
