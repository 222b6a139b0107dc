import { Transform } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import type { HttpApp } from '../http/app.ts'
import { HttpProblem } from '../http/problem.ts'
import { onceClosed } from './client.ts'
import type { SharedLimit } from './shared-limit.ts'

/**
 * Counts the bytes of request bodies and responses against a limit shared by all requests. Bytes count from their
 * arrival until the end of the request, so that a large Content-Length alone reserves nothing.
 */
export function limitBytes(app: HttpApp, limit: SharedLimit): void {
  const holdings = new WeakMap<FastifyRequest, Holding>()

  app.addHook('preParsing', (request, reply, payload, done) => {
    const holding = new Holding(limit, request.client)
    holdings.set(request, holding)
    let chunks = 0
    let bytes = 0
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, next) {
        bytes += chunk.length
        const isCutUp = ++chunks > SOME_CHUNKS && bytes < MIN_CHUNK_BYTES * chunks
        if (!isCutUp && (holding.isReleased || holding.take(chunk.length))) return next(null, chunk)
        // The rest of the body is not received.
        reply.header('connection', 'close')
        next(isCutUp ? cutUp() : noRoom('request bodies'))
      },
    })
    // A request that is rejected before its body is read has no error listener; the rest of the body is discarded.
    counted.on('error', () => {})
    onceClosed(reply, () => {
      holding.release()
      counted.resume()
    })
    payload.once('error', (error) => counted.destroy(error))
    request.raw.once('close', () => {
      if (!request.raw.complete) counted.destroy(new Error('the client closed the connection'))
    })
    done(null, payload.pipe(counted))
  })

  app.addHook('onSend', async (request, reply, payload) => {
    const isAnswer = typeof payload === 'string' && reply.statusCode < 400
    if (isAnswer && holdings.get(request)?.take(payload.length) === false) throw noRoom('responses')
    return payload
  })
}

/** Beyond this many chunks, the average chunk must have `MIN_CHUNK_BYTES` bytes, because each costs a few microseconds. */
const SOME_CHUNKS = 4096
const MIN_CHUNK_BYTES = 64

const cutUp = (): HttpProblem =>
  new HttpProblem(
    400,
    `The body has more than ${SOME_CHUNKS} chunks of less than ${MIN_CHUNK_BYTES} bytes on average.`,
    {
      remedy: 'Send it with a Content-Length header or in larger chunks.',
    },
  )

const noRoom = (what: string): HttpProblem =>
  new HttpProblem(503, `The server has reached its memory limit for ${what}.`, {
    remedy: 'Retry later, with less text or fewer questions per request.',
    retryAfter: 5,
  })

/** The share of a limit that one request holds. */
class Holding {
  private amount = 0
  private readonly giveBack: (() => void)[] = []
  isReleased = false

  constructor(
    private readonly limit: SharedLimit,
    private readonly client: string,
  ) {}

  /** Takes an amount and returns true, or returns false if there is no room for it. */
  take(amount: number): boolean {
    if (!this.limit.hasRoom(this.amount + amount, this.client, this.amount)) return false
    this.giveBack.push(this.limit.take(amount, this.client))
    this.amount += amount
    return true
  }

  release(): void {
    this.isReleased = true
    for (const giveBack of this.giveBack) giveBack()
  }
}
