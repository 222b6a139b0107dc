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

const tooLate = (milliseconds: number): Problem =>
  new Problem(504, `There was no answer within ${milliseconds / 1000} seconds.`, {
    remedy: 'Ask about less text, or use /api/stream, which has no such limit.',
  })
