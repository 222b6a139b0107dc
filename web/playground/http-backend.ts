/** The service that serves this page. */
import type { CollectionResponse, DocumentList, DocumentText } from '../../src/server/http/collection-contract.ts'
import type { BatchRequest, ModelList, Problem, StreamEvent } from '../../src/server/http/contract.ts'
import { type Backend, ServiceError } from './backend.ts'
import { serverEvents } from './logic/server-events.ts'

const TOKEN = 'spanforge.token'

/** Stores the token for this tab only. */
export const setToken = (token: string): void => sessionStorage.setItem(TOKEN, token)

export const httpBackend: Backend = {
  privacy: 'Texts and questions are sent only to the server of this page.',
  fetchModels: () => json<ModelList>('api/models'),
  streamAnswers,
  documents: {
    list: (containing) => json<DocumentList>(`api/documents?${new URLSearchParams({ containing })}`),
    open: (id) => json<DocumentText>(`api/documents/${id}`),
    search: (request) => json<CollectionResponse>('api/search', { method: 'POST', body: JSON.stringify(request) }),
  },
}

const json = async <T>(path: string, init?: RequestInit): Promise<T> => (await (await call(path, init)).json()) as T

async function* streamAnswers(request: BatchRequest, signal: AbortSignal): AsyncGenerator<StreamEvent> {
  const response = await patiently(signal, () =>
    call('api/stream', { method: 'POST', body: JSON.stringify(request), signal }),
  )
  for await (const { name, data } of serverEvents(response.body!)) {
    const event = { name, data: JSON.parse(data) } as StreamEvent
    if (event.name === 'error') throw problemError(event.data)
    yield event
    if (event.name === 'end') return
  }
  throw new ServiceError(0, 'The connection to the server was lost before the answer was complete. Ask again.')
}

const MOST_TRIES = 5

/** Retries while the server is overloaded, after the delay that it requests. */
async function patiently<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      const busy = error instanceof ServiceError && (error.status === 429 || error.status === 503)
      if (!busy || tries === MOST_TRIES) throw error
      await pause(1000 * Math.min(10, error.retryAfter ?? 1), signal)
    }
  }
}

const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(signal.reason)
    })
  })

async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const token = sessionStorage.getItem(TOKEN)
  const headers = {
    ...(init.body !== undefined && { 'content-type': 'application/json' }),
    ...(token !== null && { authorization: `Bearer ${token}` }),
  }
  let response: Response
  try {
    response = await fetch(path, { ...init, headers })
  } catch (error) {
    if (init.signal?.aborted) throw error
    throw new ServiceError(0, 'Cannot reach the server. Is it still running?')
  }
  if (response.ok) return response
  const retryAfter = Number(response.headers.get('retry-after')) || undefined
  const problem = (await response.json().catch(() => undefined)) as Problem | undefined
  if (problem?.detail) throw problemError(problem, retryAfter)
  throw new ServiceError(
    response.status,
    `The server responded with ${response.status} ${response.statusText}.`,
    retryAfter,
  )
}

const problemError = ({ status, detail, remedy }: Problem, retryAfter?: number): ServiceError =>
  new ServiceError(status, remedy ? `${detail} ${remedy}` : detail, retryAfter)
