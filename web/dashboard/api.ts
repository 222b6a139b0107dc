import type { PastRun } from '../../src/dashboard/past-run.ts'
import type { RunEntry } from '../../src/dashboard/past-runs.ts'
import type { Action } from '../../src/dashboard/record-log.ts'
import type { DashboardInfo } from '../../src/dashboard/routes.ts'
import { tokenOfAddress } from './address.ts'

/** Sends a request and throws the server's error message if it fails. */
async function ask(path: string, init?: RequestInit): Promise<Response> {
  const response = await fetch(path, init).catch(() => {
    throw new Error('Cannot reach the dashboard. Its process has ended or the connection is lost.')
  })
  if (response.ok) return response
  const problem = await response.json().catch(() => undefined)
  throw new Error(problem?.detail ? [problem.detail, problem.remedy].filter(Boolean).join(' ') : response.statusText)
}

export const fetchInfo = async (): Promise<DashboardInfo> => (await ask('api/dashboard')).json()

export const fetchRuns = async (): Promise<RunEntry[]> => (await (await ask('api/runs')).json()).runs

export const fetchRun = async (id: string): Promise<PastRun> =>
  (await ask(`api/run?id=${encodeURIComponent(id)}`)).json()

/** Saves the user's note about a run in its folder. */
export async function saveNote(id: string, note: string): Promise<void> {
  await send('PUT', 'api/note', { id, note })
}

export async function control(action: Action): Promise<void> {
  await send('POST', 'api/control', { action })
}

const send = (method: string, path: string, body: object): Promise<Response> =>
  ask(path, {
    method,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${tokenOfAddress() ?? ''}` },
    body: JSON.stringify(body),
  })
