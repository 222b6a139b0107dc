import { relative } from 'node:path'
import { z } from 'zod'
import { UsageError } from '../errors.ts'
import type { HttpApp } from '../server/http/app.ts'
import { HttpProblem } from '../server/http/problem.ts'
import { checkHost } from '../server/security/own-page.ts'
import { showMessage, showValue } from '../show-value.ts'
import type { EventStreams } from './event-stream.ts'
import { checkControl } from './guard.ts'
import { MAX_NOTE_LENGTH, type PastRuns } from './past-runs.ts'
import type { LiveSource } from './record-log.ts'

export interface DashboardParts {
  readonly runs: PastRuns
  /** The run in progress, if there is one. */
  readonly live?: { readonly run: LiveSource; readonly streams: EventStreams }
  /** Token that authorizes controlling the run and writing notes. */
  readonly token: string
  /** Accepted host names besides localhost, the machine's name and IP addresses. */
  readonly ownNames: readonly string[]
}

/** The first response that the page requests. */
export interface DashboardInfo {
  readonly folder: string
  /** Id of the run in progress in the list of runs. */
  readonly live: string | null
}

const control = z.strictObject({ action: z.enum(['pause', 'resume', 'stop']) })
const note = z.strictObject({ id: z.string(), note: z.string().max(MAX_NOTE_LENGTH) })
const runQuery = z.strictObject({ id: z.string() })

/** Adds the routes of the page. Reading needs no token, but changes do. */
export function addRoutes(app: HttpApp, { runs, live, token, ownNames }: DashboardParts): void {
  app.addHook('onRequest', async (request) => checkHost(request, ownNames, '--dashboard_host'))

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
    if (!run) throw new HttpProblem(404, `Unknown run ${showValue(id)} in ${runs.folder}.`)
    reply.header('cache-control', 'no-store')
    return { ...run }
  })

  app.put('/api/note', { schema: { body: note } }, async (request, reply) => {
    checkControl(request, token)
    const { id, note } = request.body
    const isKept = await runs.setNote(id, note).catch((error) => {
      throw new HttpProblem(409, `The note could not be saved: ${showMessage(error.message, 500)}`)
    })
    if (!isKept) throw new HttpProblem(404, `Unknown run ${showValue(id)} in ${runs.folder}.`)
    return reply.code(204).send()
  })

  app.get('/api/events', (request, reply) => {
    if (!live) throw new HttpProblem(404, 'This dashboard has no run in progress.')
    live.streams.serve(request, reply)
  })

  app.post('/api/control', { schema: { body: control } }, async (request, reply) => {
    if (!live) throw new HttpProblem(404, 'This dashboard has no run in progress.')
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
