/** Requests to the server of the page, with the token that it may require. */
import type { Problem } from '../../src/server/http/contract.ts'
import { keep, kept, perTab } from './storage.ts'

/** An error with a message for the user. The status is 0 if there was no response. */
export class ServiceError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly retryAfter?: number,
  ) {
    super(message)
  }
}

const TOKEN = 'token'
let token = kept(TOKEN, perTab)

/** Sends this token with requests until the tab is closed, or the page, if the browser does not allow storage. */
export function setToken(given: string): void {
  token = given
  keep(TOKEN, given, perTab)
}

/** Sends a request and parses the JSON of the response. */
export const requestJson = async <T>(path: string, init?: RequestInit): Promise<T> =>
  (await (await request(path, init)).json()) as T

/** @throws ServiceError for any response but success */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = {
    ...(init.body !== undefined && { 'content-type': 'application/json' }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
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

export const problemError = ({ status, detail, remedy }: Problem, retryAfter?: number): ServiceError =>
  new ServiceError(status, remedy ? `${detail} ${remedy}` : detail, retryAfter)
