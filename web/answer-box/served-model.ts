/** Answers of a running `spanforge serve --cors`. */
import type { CollectionRequest, CollectionResponse } from '../../src/server/http/collection-contract.ts'
import type { AnswerRequest, AnswerResponse } from '../../src/server/http/contract.ts'
import { type Found, foundInDocuments, foundOnPage } from './found.ts'
import { SearchFailure } from './messages.ts'

/** Answers from the text of the page. @throws SearchFailure if the server does not answer */
export async function askServer(
  server: string,
  request: AnswerRequest & { readonly context: string },
  signal: AbortSignal,
): Promise<Found> {
  const [answer] = (await answered<AnswerResponse>(server, 'api/answer', request, signal)).answers
  return foundOnPage(answer, request.context)
}

/** Answers from the documents of the server's index. @throws SearchFailure if it has none or does not answer */
export async function searchServer(server: string, request: CollectionRequest, signal: AbortSignal): Promise<Found> {
  const response = await answered<CollectionResponse>(server, 'api/search', request, signal).catch((error) => {
    if (!(error instanceof SearchFailure) || error.status !== 404) throw error
    throw new SearchFailure(
      `${server} has no index of documents, which the attribute "documents" requires. Start it with: spanforge serve --index INDEX --cors ${location.origin}`,
    )
  })
  return foundInDocuments(response, `${folder(server)}/`)
}

const folder = (server: string): string => server.replace(/\/+$/, '')

async function answered<Response extends { readonly answers: readonly unknown[] }>(
  server: string,
  route: string,
  request: object,
  signal: AbortSignal,
): Promise<Response> {
  const response = await fetch(`${folder(server)}/${route}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
    signal,
  }).catch((cause: Error) => {
    signal.throwIfAborted()
    throw new SearchFailure(
      `${server} cannot be reached, or does not answer pages of this origin (start it with: spanforge serve --cors ${location.origin}): ${cause.message}`,
    )
  })
  if (!response.ok)
    throw new SearchFailure(`the server responded with ${response.status}: ${await response.text()}`, response.status)
  const body: Partial<Response> = await response.json().catch(() => ({}))
  if (body.answers && body.answers.length > 0) return body as Response
  throw new SearchFailure(`${response.url} is not the address of a spanforge serve: its response contains no answers`)
}
