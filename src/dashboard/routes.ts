import { relative } from 'node:path'
import { z } from 'zod'
import { UsageError } from '../errors.ts'
import type { App } from '../server/app.ts'
import { HttpProblem } from '../server/problem.ts'
import { showMessage, showValue } from '../show-value.ts'
import type { EventStreams } from './event-stream.ts'
import { checkControl, checkHost } from './guard.ts'
import type { LiveSource } from './live-source.ts'
import { MAX_NOTE_LENGTH } from './note.ts'
import type { PastRuns } from './past-runs.ts'

export interface DashboardParts {
  readonly runs: PastRuns
  /** None where only past runs are shown. */
  readonly live?: { readonly run: LiveSource; readonly streams: EventStreams }
  /** Lets whoever opens the address that contains it control the run and write notes. */
  readonly token: string
  /** Names of this machine that are asked for, beside its addresses and localhost. */
  readonly ownNames: readonly string[]
}

/** What the page is told first. */
export interface DashboardInfo {
  readonly folder: string
  /** Id of the run in progress, in the list of runs. */
  readonly live: string | null
}

const control = z.strictObject({ action: z.enum(['pause', 'resume', 'stop']) })
const note = z.strictObject({ id: z.string(), note: z.string().max(MAX_NOTE_LENGTH) })
const runQuery = z.strictObject({ id: z.string() })

/** Everything that the page asks for. Reading needs no token; whatever changes the run does. */
export function addRoutes(app: App, { runs, live, token, ownNames }: DashboardParts): void {
  app.addHook('onRequest', async (request) => checkHost(request, ownNames))

  app.get(
    '/api/dashboard',
    (): DashboardInfo => ({
      folder: runs.folder,
      live: live ? relative(runs.folder, live.run.name) || '.' : null,
    }),
  )

  app.get('/api/runs', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    return { runs: await runs.list() }
  })

  app.get('/api/run', { schema: { querystring: runQuery } }, async ({ query: { id } }, reply) => {
    const run = await runs.find(id)
    if (!run) throw new HttpProblem(404, `There is no run ${showValue(id)} in ${runs.folder}.`)
    reply.header('cache-control', 'no-store')
    return { ...run }
  })

  app.put('/api/note', { schema: { body: note } }, async (request, reply) => {
    checkControl(request, token)
    const { id, note } = request.body
    const isKept = await runs.setNote(id, note).catch((error) => {
      throw new HttpProblem(409, `The note could not be saved: ${showMessage(error.message, 500)}`)
    })
    if (!isKept) throw new HttpProblem(404, `There is no run ${showValue(id)} in ${runs.folder}.`)
    return reply.code(204).send()
  })

  app.get('/api/events', (request, reply) => {
    if (!live) throw new HttpProblem(404, 'No run is in progress here.')
    live.streams.serve(request, reply)
  })

  app.post('/api/control', { schema: { body: control } }, async (request, reply) => {
    if (!live) throw new HttpProblem(404, 'No run is in progress here.')
    checkControl(request, token)
    try {
      await live.run.control(request.body.action)
    } catch (error) {
      if (error instanceof UsageError) throw new HttpProblem(409, error.message)
      throw error
    }
    return reply.code(204).send()
  })
}
