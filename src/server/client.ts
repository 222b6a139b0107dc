import type { FastifyReply } from 'fastify'
import { Problem } from './problem.ts'

/** The client has gone: nothing is sent, and what it asked for is dropped. */
export class ClientGone extends Problem {
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
  const close = () => {
    clearTimeout(timer)
    if (!reply.raw.writableFinished) controller.abort(new ClientGone())
  }
  // Whoever hung up while the request was being read has closed already: no event tells of it any more.
  if (reply.raw.destroyed) close()
  else reply.raw.once('close', close)
  return controller.signal
}

const tooLate = (milliseconds: number): Problem =>
  new Problem(504, `There was no answer within ${milliseconds / 1000} seconds.`, {
    remedy: 'Ask about less text, or use /api/stream, which has no such limit.',
  })
