import { isIPv6 } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HttpProblem } from './problem.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sends it, among whom the server is shared: its network, and its token where there are tokens. */
    client: string
  }
}

/** Who asks, and until when. */
export interface Asker {
  readonly client: string
  /** Aborted when the client hangs up before its answer has been sent, and when its time is up. */
  readonly signal: AbortSignal
}

/** Names the client of each request by its network, to which other hooks may add. */
export function identifyClients(app: Pick<FastifyInstance, 'decorateRequest' | 'addHook'>): void {
  app.decorateRequest('client', '')
  app.addHook('onRequest', async (request) => {
    request.client = networkOf(request.ip)
  })
}

/** An IPv4 address, or the 64 bits of an IPv6 address that its provider gives to one customer. */
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

/** The client has gone: nothing is sent, and what it asked for is dropped. */
export class ClientGone extends HttpProblem {
  constructor() {
    // Nobody reads it; the log does, where nginx writes the same number.
    super(499, 'The client closed the connection.')
  }
}

/** Aborted when the client hangs up before its answer has been sent, and when `milliseconds` are over. */
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

/** Calls `close` once, when the response has been sent or its connection is closed; at once where that has happened. */
export function onceClosed({ raw }: FastifyReply, close: () => void): void {
  if (raw.destroyed) close()
  else raw.once('close', close)
}

const tooLate = (milliseconds: number): HttpProblem =>
  new HttpProblem(504, `There was no answer within ${milliseconds / 1000} seconds.`, {
    remedy: 'Ask about less text, or use /api/stream, which has no such limit.',
  })
