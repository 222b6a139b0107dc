/** Requests to running servers, so that `promote` knows that they serve the promoted model. */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { SpanforgeError } from '../../errors.ts'
import { showText } from '../../show-value.ts'

export interface ServerAccess {
  /** Address of the server, which may include a path. */
  readonly url: string
  readonly token?: string
}

export interface ServedRevision {
  readonly id: string
  readonly revision: string
}

const ServedModel = z.object({ id: z.string(), revision: z.string() })
const ServedModels = z.object({ models: z.array(ServedModel) })
const Problem = z.object({ detail: z.string(), remedy: z.string().optional() })

/** Loading a large model from a network drive takes minutes. */
const LOAD_TIMEOUT = 15 * 60_000
/** Seconds in which a server without tokens must notice the promotion by itself and load the model. */
const NOTICE_SECONDS = 60

/** The models of a server. @throws SpanforgeError if it cannot be reached or rejects the token */
export async function modelsOfServer(server: ServerAccess): Promise<readonly ServedRevision[]> {
  return ServedModels.parse(await request(server, 'GET', 'api/models')).models
}

/**
 * Has a server load the model that was promoted in place of its model `id`, and returns what it serves then. A server
 * without tokens does not accept the request; it notices the promotion by itself, which is awaited.
 * @throws SpanforgeError if the model could not be loaded; the server still serves the old one then
 */
export async function reloadServer(server: ServerAccess, id: string, revision: string): Promise<ServedRevision> {
  try {
    const path = `api/models/${id.split('/').map(encodeURIComponent).join('/')}/reload`
    return ServedModel.parse(await request(server, 'POST', path))
  } catch (error) {
    if (!(error instanceof Rejection && error.status === 403)) throw error
    return awaitRevision(server, id, revision)
  }
}

async function awaitRevision(server: ServerAccess, id: string, revision: string): Promise<ServedRevision> {
  for (let second = 0; ; second++) {
    const served = (await modelsOfServer(server)).find((model) => model.id === id)
    if (served?.revision === revision || second === NOTICE_SECONDS) return served ?? { id, revision: 'none' }
    await sleep(1000)
  }
}

/** An error response of a server. */
class Rejection extends SpanforgeError {
  constructor(
    readonly status: number,
    summary: string,
    remedy?: string,
  ) {
    super(summary, { remedy })
  }
}

async function request({ url, token }: ServerAccess, method: 'GET' | 'POST', path: string): Promise<unknown> {
  const headers = new Headers(token === undefined ? [] : [['authorization', `Bearer ${token}`]])
  const signal = AbortSignal.timeout(LOAD_TIMEOUT)
  // The token must not be sent to another server.
  const sent = fetch(new URL(path, `${url.replace(/\/+$/, '')}/`), { method, headers, signal, redirect: 'error' })
  const response = await sent.catch((cause: Error) => {
    const reason = (cause.cause as Error | undefined)?.message || cause.message
    throw new SpanforgeError(`${url}: the server cannot be reached: ${reason}`, {
      remedy: 'Check the address, and that the server is running.',
      cause,
    })
  })
  const body: unknown = await response.json().catch(() => undefined)
  if (response.ok) return body
  const { detail, remedy } = Problem.safeParse(body).data ?? { detail: response.statusText }
  throw new Rejection(response.status, `${url}: ${response.status}: ${showText(detail)}`, remedy)
}
