/** The service that serves this page. */
import type { CollectionResponse, DocumentList, DocumentText } from '../../src/server/http/collection-contract.ts'
import type { BatchRequest, ModelList, StreamEvent } from '../../src/server/http/contract.ts'
import { problemError, request, requestJson } from '../shared/requests.ts'
import { type Backend, ServiceError } from './backend.ts'
import { serverEvents } from './logic/server-events.ts'

export const httpBackend: Backend = {
  privacy: 'Texts and questions are sent only to the server of this page.',
  fetchModels: () => requestJson<ModelList>('api/models'),
  streamAnswers,
  async keepCorrection(correction) {
    await request('api/corrections', { method: 'POST', body: JSON.stringify(correction) })
  },
  documents: {
    list: (containing) => requestJson<DocumentList>(`api/documents?${new URLSearchParams({ containing })}`),
    open: (id) => requestJson<DocumentText>(`api/documents/${id}`),
    search: (asked) => requestJson<CollectionResponse>('api/search', { method: 'POST', body: JSON.stringify(asked) }),
  },
}

async function* streamAnswers(asked: BatchRequest, signal: AbortSignal): AsyncGenerator<StreamEvent> {
  const response = await patiently(signal, () =>
    request('api/stream', { method: 'POST', body: JSON.stringify(asked), signal }),
  )
  for await (const { name, data } of serverEvents(response.body!)) {
    const event = { name, data: JSON.parse(data) } as StreamEvent
    if (event.name === 'error') throw problemError(event.data)
    yield event
    if (event.name === 'end') return
  }
  throw new ServiceError(0, 'The connection to the server was lost before the answer was complete. Ask again.')
}

const MAX_TRIES = 5

/** Retries while the server is overloaded, after the delay that it requests. */
async function patiently<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      const busy = error instanceof ServiceError && (error.status === 429 || error.status === 503)
      if (!busy || tries === MAX_TRIES) throw error
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
