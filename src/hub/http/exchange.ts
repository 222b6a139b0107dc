/** HTTP requests with Node's own client, with a timeout for silent connections. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { pipeline, type Readable } from 'node:stream'
import type { Environment } from './proxy.ts'
import { proxyAgent, proxyFor } from './proxy.ts'

/** Large enough for the signed URLs in redirects. */
const MAX_HEADER_BYTES = 64 * 1024

export interface Exchange {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Readable
  /** Milliseconds without any data after which the connection is considered broken. */
  readonly timeout: number
  readonly signal?: AbortSignal
}

/** Connections to servers, direct or through the proxies that the environment names. Agents are created on demand. */
export class HttpAgents {
  private readonly agents = new Map<string, HttpAgent>()

  constructor(private readonly environment: Environment) {}

  /** @throws UsageError for a proxy that cannot be used */
  async agentFor(url: URL): Promise<HttpAgent> {
    const proxy = proxyFor(url, this.environment)
    const key = `${url.protocol} ${proxy?.href ?? ''}`
    const known = this.agents.get(key)
    if (known) return known
    const Direct = url.protocol === 'https:' ? HttpsAgent : HttpAgent
    const agent = proxy ? await proxyAgent(proxy, url.protocol) : new Direct({ keepAlive: true })
    this.agents.set(key, agent)
    return agent
  }
}

/** Sends one request and resolves to the response as soon as its headers arrive; the caller reads the body. */
export function exchange(
  url: URL,
  agent: HttpAgent,
  { body, timeout, ...options }: Exchange,
): Promise<IncomingMessage> {
  const start = url.protocol === 'https:' ? httpsRequest : httpRequest
  const request = start(url, { ...options, agent, maxHeaderSize: MAX_HEADER_BYTES })
  return new Promise((resolve, reject) => {
    const silence = setTimeout(() => request.destroy(new SilenceError(timeout)), timeout)
    const refresh = () => void silence.refresh()
    request.once('socket', (socket) => {
      // A reused connection emits no connect event, so its listeners would accumulate.
      if (request.reusedSocket) return
      for (const event of ['connect', 'secureConnect']) socket.once(event, refresh)
    })
    request.once('proxyConnect', ({ statusCode = 200 }) => {
      if (statusCode !== 200) request.destroy(new ProxyError(statusCode))
    })
    request.once('response', (response) => {
      clearTimeout(silence)
      resolve(response)
    })
    // The listener stays attached after the response: if the connection breaks then, reading the body fails.
    request.on('error', (error) => {
      clearTimeout(silence)
      reject(error)
    })
    if (typeof body === 'object') pipeline(body, callingOnChunk(refresh), request, () => {})
    else request.end(body)
  })
}

const callingOnChunk = (onChunk: () => void) =>
  async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      onChunk()
      yield chunk
    }
  }

/** Yields the chunks of a body as they arrive. The timeout does not count time that the consumer spends. */
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
    super(`no data for ${timeout / 1000} s`)
  }
}

/** Thrown when a proxy rejects a request. */
export class ProxyError extends Error {
  constructor(readonly status: number) {
    super(`the proxy answered ${status}`)
  }
}
