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
  })
  if (!response.ok)
    throw new SearchFailure(`the server responded with ${response.status}: ${await response.text()}`, response.status)
  const [best] = ((await response.json()) as AnswerResponse).answers
  return best
}
