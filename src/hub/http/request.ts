import type { Readable } from 'node:stream'
import type { ZodType } from 'zod'
import { parseBoundedJson } from '../../bounded-json.ts'
import { SpanforgeError } from '../../errors.ts'
import { showIssues } from '../../show-value.ts'
import { decodeResponse } from './content-encoding.ts'
import { chunksWithin, exchange, ProxyError } from './exchange.ts'
import type { Hub } from './options.ts'
import { showAddress } from './proxy.ts'
import { retryAfter, retrying, TransientError } from './retry.ts'

export interface HubRequest {
  readonly url: string
  readonly method?: 'GET' | 'POST' | 'PUT'
  readonly headers?: Readonly<Record<string, string>>
  /** Creates the body. It is called for every attempt, because a stream can be sent only once. */
  readonly body?: () => string | Readable
}

export interface HubResponse {
  readonly status: number
  /** Headers of the response, without the content-length of a compressed body, which differs from that of `body`. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The decompressed body. */
  readonly body: Readable
}

const MAX_REDIRECTS = 10
const MAX_TEXT_BYTES = 64 << 20
const TRANSIENT = new Set([408, 429, 500, 502, 503, 504])
const REDIRECTS = new Set([301, 302, 303, 307, 308])

/**
 * Sends a request once and follows redirects. The token is sent only to the hub's own origin and is dropped on
 * cross-origin redirects. Throws `TransientError` for broken connections and for statuses worth a retry. Any other
 * response is returned, whatever its status, and the caller must read or destroy its body.
 */
export async function send(hub: Hub, wanted: HubRequest): Promise<HubResponse> {
  let url = new URL(wanted.url)
  let trusted = true
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    trusted &&= url.origin === new URL(hub.endpoint).origin
    const response = await attempt(hub, url, wanted, trusted)
    if (!REDIRECTS.has(response.status)) return response
    response.body.destroy()
    url = redirected(url, response.headers.location)
  }
  throw new SpanforgeError(`hub: ${showAddress(wanted.url)}: redirected more than ${MAX_REDIRECTS} times`)
}

function redirected(from: URL, location: string | undefined): URL {
  const url = location !== undefined && URL.canParse(location, from.href) ? new URL(location, from) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw new SpanforgeError(
    `hub: ${showAddress(from.href)}: redirected to "${showAddress(location ?? '')}", which is not a web address`,
  )
}

async function attempt(hub: Hub, url: URL, wanted: HubRequest, trusted: boolean): Promise<HubResponse> {
  const agent = await hub.connections.agentFor(url)
  const response = await reach(hub, url, () =>
    exchange(url, agent, {
      method: wanted.method ?? 'GET',
      timeout: hub.timeout,
      signal: hub.signal,
      headers: {
        'user-agent': 'spanforge',
        // Content-Length and ranges must count the bytes of the file, not of a compressed form.
        'accept-encoding': 'identity',
        ...(trusted && hub.authorization !== undefined && { authorization: hub.authorization }),
        ...wanted.headers,
      },
      body: wanted.body?.(),
    }),
  )
  // Destroying an unread body emits an error. Real errors reach the caller when it reads the body.
  response.on('error', () => {})
  const status = response.statusCode!
  const headers = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, single(value)]))
  if (status === 407) throw rejectedByProxy(url, status)
  if (TRANSIENT.has(status)) {
    response.destroy()
    const wait = retryAfter(headers['retry-after'])
    const retryIn = wait === undefined ? '' : ` and asked to retry in ${Math.ceil(wait / 1000)} s`
    throw new TransientError(`${url.host} answered ${status}${retryIn}`, wait)
  }
  return decodeResponse({ status, headers, body: response }, url)
}

const single = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value)

/** Runs a network operation and turns its failures, other than an abort, into `TransientError`s that name the host. */
async function reach<T>(hub: Hub, url: URL, exchange: () => Promise<T>): Promise<T> {
  try {
    return await exchange()
  } catch (error) {
    hub.signal?.throwIfAborted()
    if (error instanceof ProxyError && !TRANSIENT.has(error.status)) throw rejectedByProxy(url, error.status, error)
    throw new TransientError(`${url.host} cannot be reached (${networkReason(error)})`, undefined, error)
  }
}

function rejectedByProxy(url: URL, status: number, cause?: unknown): SpanforgeError {
  const remedy =
    status === 407
      ? 'Set the user name and password of the proxy: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT.'
      : 'Check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY; NO_PROXY lists hosts to reach directly.'
  return new SpanforgeError(`hub: the proxy refused to connect to ${url.host} (${status})`, { remedy, cause })
}

/** Yields the chunks of a body as they arrive. Throws `TransientError` if the connection breaks. */
export async function* chunksOf(hub: Hub, response: HubResponse, url: string): AsyncGenerator<Buffer> {
  const chunks = chunksWithin(response.body, hub.timeout)
  while (true) {
    const { done, value } = await reach(hub, new URL(url), () => chunks.next())
    if (done) return
    yield value
  }
}

function networkReason(error: unknown): string {
  const { code, message, errors } = error as NodeJS.ErrnoException & { readonly errors?: readonly unknown[] }
  // The host has several addresses and each of them failed.
  if (errors && errors.length > 0) return networkReason(errors[0])
  return message && code && !message.includes(code) ? `${message}, ${code}` : message || code || String(error)
}

/** A response with its whole body as text. */
export interface HubAnswer {
  readonly status: number
  readonly headers: HubResponse['headers']
  readonly text: string
}

/** Sends a request, with retries, and reads the whole body. If every attempt fails, throws `OutOfReachError`. */
export async function converse(hub: Hub, wanted: HubRequest): Promise<HubAnswer> {
  try {
    return await retrying(hub.retry, async () => {
      const response = await send(hub, wanted)
      return { status: response.status, headers: response.headers, text: await readText(hub, response, wanted.url) }
    })
  } catch (error) {
    throw error instanceof TransientError ? outOfReach(hub, error) : error
  }
}

async function readText(hub: Hub, response: HubResponse, place: string): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of chunksOf(hub, response, place)) {
    bytes += chunk.length
    if (bytes > MAX_TEXT_BYTES)
      throw new SpanforgeError(`hub: ${showAddress(place)}: the response is larger than 64 MB`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Parses the JSON body of a response and validates it against `schema`. */
export function readJson<T>(answer: HubAnswer, schema: ZodType<T>, place: string): T {
  let json: unknown
  try {
    json = parseBoundedJson(answer.text)
  } catch {
    const remedy = 'A proxy or another server may be answering instead of the hub: check HF_ENDPOINT and the proxy.'
    throw new SpanforgeError(`hub: ${showAddress(place)}: the response is not JSON`, { remedy })
  }
  const result = schema.safeParse(json)
  if (result.success) return result.data
  const faults = showIssues(result.error.issues)
  throw new SpanforgeError(`hub: ${showAddress(place)}: unexpected response: ${faults}`)
}

/** Thrown when the hub cannot be reached. Callers with a cached copy catch this error and no other. */
export class OutOfReachError extends SpanforgeError {}

export function outOfReach(hub: Hub, error: TransientError, kept = ''): OutOfReachError {
  const remedy =
    `Check the network, the hub's address (HF_ENDPOINT, now ${hub.endpoint}) and the proxy (HTTPS_PROXY), or try ` +
    'again later. Use --offline to work with cached files only.'
  return new OutOfReachError(`hub: ${error.message}${kept}`, { remedy, cause: error })
}
