import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { HttpProblem } from '../server/http/problem.ts'
import { SSE_HEADERS, sse } from '../server/http/sse.ts'
import type { LiveSource } from './record-log.ts'

const MAX_STREAMS = 50
/** Maximum bytes buffered for a client. If it reads too slowly, it must reconnect with its last event id. */
const MAX_WAITING = 8 * 2 ** 20
const PULSE = 1000

/**
 * Streams the live run as server-sent events: `record` events with ids, starting after Last-Event-ID if it is known and
 * otherwise from the beginning after a `reset`; a `pulse` every second; and a final `end`.
 */
export class EventStreams {
  private readonly open = new Map<ServerResponse, () => void>()
  private pulse: NodeJS.Timeout | undefined

  constructor(private readonly run: LiveSource) {}

  /** Responds with the event stream until either side closes it. */
  serve(request: FastifyRequest, reply: FastifyReply): void {
    if (this.open.size >= MAX_STREAMS)
      throw new HttpProblem(503, `The limit of ${MAX_STREAMS} open pages is reached.`, { retryAfter: 5 })
    reply.hijack()
    const { raw } = reply
    for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value)
    raw.writeHead(200, { ...SSE_HEADERS, connection: 'close' })
    const last = request.headers['last-event-id']?.toString()
    const { log } = this.run
    if (!log.knows(last)) raw.write(sse('reset', '{}'))
    const unsubscribe = log.subscribe(last, (id, json) => write(raw, sse('record', json, id)))
    this.open.set(raw, unsubscribe)
    this.startPulse()
    raw.on('close', () => this.forget(raw))
  }

  /** Sends `end` to all clients and closes their streams. */
  end(): void {
    for (const raw of [...this.open.keys()]) {
      raw.end(sse('end', '{}'))
      this.forget(raw)
    }
  }

  private forget(raw: ServerResponse): void {
    this.open.get(raw)?.()
    this.open.delete(raw)
    if (this.open.size === 0) {
      clearInterval(this.pulse)
      this.pulse = undefined
    }
  }

  /** The pulse runs only while clients are connected. */
  private startPulse(): void {
    const send = () => {
      const text = sse('pulse', JSON.stringify(this.run.pulse()))
      for (const raw of this.open.keys()) write(raw, text)
    }
    this.pulse ??= setInterval(send, PULSE).unref()
    send()
  }
}

function write(raw: ServerResponse, text: string): void {
  if (raw.writableLength > MAX_WAITING) raw.destroy()
  else raw.write(text)
}
