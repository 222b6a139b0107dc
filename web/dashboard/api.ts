import type { PastRun } from '../../src/dashboard/past-run.ts'
import type { RunEntry } from '../../src/dashboard/past-runs.ts'
import type { DashboardInfo } from '../../src/dashboard/routes.ts'
import { tokenOfAddress } from './address.ts'

/** What the server says, or an error in its words. */
async function ask(path: string, init?: RequestInit): Promise<Response> {
  const response = await fetch(path, init).catch(() => {
    throw new Error('The dashboard does not answer: its process has ended, or the connection is lost.')
  })
  if (response.ok) return response
  const problem = await response.json().catch(() => undefined)
  throw new Error(problem?.detail ? [problem.detail, problem.remedy].filter(Boolean).join(' ') : response.statusText)
}

export const getInfo = async (): Promise<DashboardInfo> => (await ask('api/dashboard')).json()

export const getRuns = async (): Promise<RunEntry[]> => (await (await ask('api/runs')).json()).runs

export const getRun = async (id: string): Promise<PastRun> => (await ask(`api/run?id=${encodeURIComponent(id)}`)).json()

export type Action = 'pause' | 'resume' | 'stop'

export async function control(action: Action): Promise<void> {
  await ask('api/control', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${tokenOfAddress() ?? ''}` },
    body: JSON.stringify({ action }),
  })
}
