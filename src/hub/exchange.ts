/** HTTP over Node's own client: one request, its answer, and patience that ends. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { pipeline, type Readable } from 'node:stream'
import type { Environment } from './environment.ts'
import { proxyAgent, proxyFor } from './proxy.ts'

/** Signed addresses, in redirects, are long. */
const MAX_HEADER_BYTES = 64 * 1024

export interface Exchange {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Readable
  /** Milliseconds of silence after which the connection counts as broken. */
  readonly timeout: number
  readonly signal?: AbortSignal
}

/** Connections to servers, straight or through the proxies of the environment, which are asked for at the first need. */
export class HttpAgents {
  private readonly agents = new Map<string, HttpAgent>()

  constructor(private readonly environment: Environment) {}

  /** @throws UsageError for a proxy that cannot be used */
  async agentFor(url: URL): Promise<HttpAgent> {
    const proxy = proxyFor(url, this.environment)
    const key = `${url.protocol} ${proxy?.href ?? ''}`
    const known = this.agents.get(key)
    if (known) return known
    const straight = url.protocol === 'https:' ? HttpsAgent : HttpAgent
    const agent = proxy ? await proxyAgent(proxy, url.protocol) : new straight({ keepAlive: true })
    this.agents.set(key, agent)
    return agent
  }
}

/** Sends one request and resolves to its answer, whose body is not read yet. */
export function exchange(
  url: URL,
  agent: HttpAgent,
  { body, timeout, ...options }: Exchange,
): Promise<IncomingMessage> {
  const start = url.protocol === 'https:' ? httpsRequest : httpRequest
  const request = start(url, { ...options, agent, maxHeaderSize: MAX_HEADER_BYTES })
  return new Promise((resolve, reject) => {
    const silence = setTimeout(() => request.destroy(new SilenceError(timeout)), timeout)
    const heard = () => void silence.refresh()
    request.once('socket', (socket) => {
      // A connection that is used again does not connect: its listeners would pile up.
      if (request.reusedSocket) return
      for (const event of ['connect', 'secureConnect']) socket.once(event, heard)
    })
    request.once('proxyConnect', ({ statusCode = 200 }) => {
      if (statusCode !== 200) request.destroy(new ProxyError(statusCode))
    })
    request.once('response', (response) => {
      clearTimeout(silence)
      resolve(response)
    })
    // Stays for the errors of a connection that breaks after the answer: whoever reads the body learns of them.
    request.on('error', (error) => {
      clearTimeout(silence)
      reject(error)
    })
    if (typeof body === 'object') pipeline(body, reporting(heard), request, () => {})
    else request.end(body)
  })
}

const reporting = (heard: () => void) =>
  async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      heard()
      yield chunk
    }
  }

/** The chunks of a body as they come. The time in which nobody asks for one does not count as silence. */
export async function* chunksWithin(body: Readable, timeout: number): AsyncGenerator<Buffer> {
  const chunks = body[Symbol.asyncIterator]()
  while (true) {
    const silence = setTimeout(() => body.destroy(new SilenceError(timeout)), timeout)
    const { done, value } = await chunks.next().finally(() => clearTimeout(silence))
    if (done) return
    yield value
  }
}

class SilenceError extends Error {
  constructor(timeout: number) {
    super(`no answer for ${timeout / 1000} s`)
  }
}

/** A proxy that does not let a request pass. */
export class ProxyError extends Error {
  constructor(readonly status: number) {
    super(`the proxy answered ${status}`)
  }
}
