import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { HttpProblem } from '../server/problem.ts'
import { SSE_HEADERS, sse } from '../server/sse.ts'
import type { LiveSource } from './live-source.ts'

const MOST_STREAMS = 50
/** What may wait for a client that does not read; it then has to come again, with the last id it got. */
const MOST_WAITING = 8 * 2 ** 20
const PULSE = 1000

/**
 * The live run as server-sent events: `record`s with ids, all of them or those after Last-Event-ID; `reset` in front
 * where that id is none of ours; a `pulse` each second; `end` when nothing more will come.
 */
export class EventStreams {
  private readonly open = new Map<ServerResponse, () => void>()
  private pulse: NodeJS.Timeout | undefined

  constructor(private readonly run: LiveSource) {}

  /** Answers a request with the stream, until either side ends it. */
  serve(request: FastifyRequest, reply: FastifyReply): void {
    if (this.open.size >= MOST_STREAMS)
      throw new HttpProblem(503, `${MOST_STREAMS} pages are open already, which is the limit.`, { retryAfter: 5 })
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

  /** Tells everybody that this was all. */
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

  /** Runs only while somebody looks. */
  private startPulse(): void {
    const tell = () => {
      const text = sse('pulse', JSON.stringify(this.run.pulse()))
      for (const raw of this.open.keys()) write(raw, text)
    }
    this.pulse ??= setInterval(tell, PULSE).unref()
    tell()
  }
}

function write(raw: ServerResponse, text: string): void {
  if (raw.writableLength > MOST_WAITING) raw.destroy()
  else raw.write(text)
}
