import type { Readable } from 'node:stream'
import type { ZodType } from 'zod'
import { parseBoundedJson } from '../bounded-json.ts'
import { SpanforgeError } from '../errors.ts'
import { showIssues } from '../show-value.ts'
import { showAddress } from './address.ts'
import { decodeResponse } from './content-encoding.ts'
import { chunksWithin, exchange, ProxyError } from './exchange.ts'
import type { Hub } from './options.ts'
import { retryAfter, retrying, TransientError } from './retry.ts'

export interface HubRequest {
  readonly url: string
  readonly method?: 'GET' | 'POST' | 'PUT'
  readonly headers?: Readonly<Record<string, string>>
  /** Called once a try, since a stream can be sent only once. */
  readonly body?: () => string | Readable
}

export interface HubResponse {
  readonly status: number
  /** Without the length of a body that came compressed, which is not that of `body`. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Decompressed. */
  readonly body: Readable
}

const MOST_REDIRECTS = 10
const MOST_TEXT_BYTES = 64 << 20
const TRANSIENT = new Set([408, 429, 500, 502, 503, 504])
const REDIRECTS = new Set([301, 302, 303, 307, 308])

/**
 * One try. Follows redirects; the token goes to the hub's own origin only, and after a redirect elsewhere to nobody.
 * Throws `TransientError` for broken connections and for answers that may be others later; any other answer is
 * returned, whatever its status: the caller reads its body or destroys it.
 */
export async function send(hub: Hub, wanted: HubRequest): Promise<HubResponse> {
  let url = new URL(wanted.url)
  let trusted = true
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    trusted &&= url.origin === new URL(hub.endpoint).origin
    const response = await attempt(hub, url, wanted, trusted)
    if (!REDIRECTS.has(response.status)) return response
    response.body.destroy()
    url = redirected(url, response.headers.location)
  }
  throw new SpanforgeError(`hub: ${showAddress(wanted.url)}: redirected more than ${MOST_REDIRECTS} times`)
}

function redirected(from: URL, location: string | undefined): URL {
  const url = location !== undefined && URL.canParse(location, from.href) ? new URL(location, from) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw new SpanforgeError(
    `hub: ${showAddress(from.href)}: redirected to "${showAddress(location ?? '')}", which is no web address`,
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
        // Lengths and ranges must count the bytes of the file, not those of a compressed form.
        'accept-encoding': 'identity',
        ...(trusted && hub.authorization !== undefined && { authorization: hub.authorization }),
        ...wanted.headers,
      },
      body: wanted.body?.(),
    }),
  )
  // A body that is not read to its end is destroyed, and says so as an error: readers learn of errors as they read.
  response.on('error', () => {})
  const status = response.statusCode!
  const headers = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, single(value)]))
  if (status === 407) throw refusedByProxy(url, status)
  if (TRANSIENT.has(status)) {
    response.destroy()
    const wait = retryAfter(headers['retry-after'])
    const asked = wait === undefined ? '' : `, asking to wait ${Math.ceil(wait / 1000)} s`
    throw new TransientError(`${url.host} answered ${status}${asked}`, wait)
  }
  return decodeResponse({ status, headers, body: response }, url)
}

const single = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value)

/** Runs what speaks with a server, and turns its failures into `TransientError`s that name the server; but not ours. */
async function reach<T>(hub: Hub, url: URL, exchange: () => Promise<T>): Promise<T> {
  try {
    return await exchange()
  } catch (error) {
    hub.signal?.throwIfAborted()
    if (error instanceof ProxyError && !TRANSIENT.has(error.status)) throw refusedByProxy(url, error.status, error)
    throw new TransientError(`${url.host} cannot be reached (${networkReason(error)})`, undefined, error)
  }
}

function refusedByProxy(url: URL, status: number, cause?: unknown): SpanforgeError {
  const remedy =
    status === 407
      ? 'Give the proxy its user name and password: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT.'
      : 'Check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY; NO_PROXY names hosts to reach directly.'
  return new SpanforgeError(`hub: the proxy does not connect to ${url.host} (${status})`, { remedy, cause })
}

/** The chunks of a body as they come; a connection that breaks is a `TransientError`. */
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
  // A host of several addresses, each of which failed.
  if (errors && errors.length > 0) return networkReason(errors[0])
  return message && code && !message.includes(code) ? `${message}, ${code}` : message || code || String(error)
}

/** An answer read to its end. */
export interface HubAnswer {
  readonly status: number
  readonly headers: HubResponse['headers']
  readonly text: string
}

/** As `send`, with the hub's patience and the whole body; a failure that lasts becomes an error with its remedy. */
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
    if (bytes > MOST_TEXT_BYTES) throw new SpanforgeError(`hub: ${showAddress(place)}: the answer is larger than 64 MB`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** The JSON of an answer in the shape that `schema` tells. */
export function readJson<T>(answer: HubAnswer, schema: ZodType<T>, place: string): T {
  let json: unknown
  try {
    json = parseBoundedJson(answer.text)
  } catch {
    const remedy = 'Something between here and the hub answers in its place: check HF_ENDPOINT and the proxy.'
    throw new SpanforgeError(`hub: ${showAddress(place)}: the answer is not JSON`, { remedy })
  }
  const result = schema.safeParse(json)
  if (result.success) return result.data
  const faults = showIssues(result.error.issues)
  throw new SpanforgeError(`hub: ${showAddress(place)}: the answer is not what a hub says: ${faults}`)
}

/** The hub cannot be reached, or not now. Callers that have a cached copy catch this and no other error. */
export class OutOfReachError extends SpanforgeError {}

export function outOfReach(hub: Hub, error: TransientError, kept = ''): OutOfReachError {
  const remedy =
    `Check the network, the hub's address (HF_ENDPOINT, now ${hub.endpoint}) and the proxy (HTTPS_PROXY), or try ` +
    'again later. What is in the cache can be used without a network: --offline.'
  return new OutOfReachError(`hub: ${error.message}${kept}`, { remedy, cause: error })
}
