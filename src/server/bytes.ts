import { Transform } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import type { App } from './app.ts'
import { onceClosed } from './client.ts'
import { HttpProblem } from './problem.ts'
import type { SharedLimit } from './shared-limit.ts'

/**
 * Counts the bytes of bodies that are being received and of answers that are being sent against a limit that all
 * requests share. They are counted as they come, for as long as the request lasts: a client that announces much and
 * sends nothing holds nothing.
 */
export function limitBytes(app: App, limit: SharedLimit): void {
  const holdings = new WeakMap<FastifyRequest, Holding>()

  app.addHook('preParsing', (request, reply, payload, done) => {
    const holding = new Holding(limit, request.client)
    holdings.set(request, holding)
    let chunks = 0
    let bytes = 0
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, next) {
        bytes += chunk.length
        const isCutUp = ++chunks > SOME_CHUNKS && bytes < SMALLEST * chunks
        if (!isCutUp && (holding.isReleased || holding.take(chunk.length))) return next(null, chunk)
        // What is still to come is not received.
        reply.header('connection', 'close')
        next(isCutUp ? cutUp() : noRoom('bodies of requests'))
      },
    })
    // Where the request is refused unread nobody listens, and the rest of its body is dropped.
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
    if (isAnswer && holdings.get(request)?.take(payload.length) === false) throw noRoom('answers that are being sent')
    return payload
  })
}

/** After this many chunks of a body, its chunks must have `SMALLEST` bytes on average: each costs a few microseconds. */
const SOME_CHUNKS = 4096
const SMALLEST = 64

const cutUp = (): HttpProblem =>
  new HttpProblem(400, `The body comes in more than ${SOME_CHUNKS} chunks of less than ${SMALLEST} bytes.`, {
    remedy: 'Send it with a Content-Length, or in larger chunks.',
  })

const noRoom = (what: string): HttpProblem =>
  new HttpProblem(503, `The server has no room left for the ${what}.`, {
    remedy: 'Ask again later, about less text or with fewer questions at a time.',
    retryAfter: 5,
  })

/** What one request holds of a limit. */
class Holding {
  private amount = 0
  private readonly giveBack: (() => void)[] = []
  isReleased = false

  constructor(
    private readonly limit: SharedLimit,
    private readonly client: string,
  ) {}

  /** Whether there was room. */
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
