import type { AnswerRequest, AnswerResponse, PredictedAnswer } from '../../src/server/http/contract.ts'
import { SearchFailure } from './messages.ts'

export type Found = Pick<PredictedAnswer, 'answer' | 'start' | 'end' | 'score' | 'confidence'>

/** Asks a running `spanforge serve --cors`. @throws SearchFailure if it does not answer */
export async function askServer(server: string, request: AnswerRequest, signal: AbortSignal): Promise<Found> {
  const response = await fetch(`${server.replace(/\/+$/, '')}/api/answer`, {
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
  const { answers = [] }: Partial<AnswerResponse> = await response.json().catch(() => ({}))
  if (answers.length > 0) return answers[0]
  throw new SearchFailure(`${response.url} is not the address of a spanforge serve: its response contains no answers`)
}
