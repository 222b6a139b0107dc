import { once } from 'node:events'
import { startWorker, Thread } from '../threads/calls.ts'
import type { LiveRun } from './live-run.ts'
import type { Action } from './record-log.ts'
import type { Pulse } from './records.ts'
import type { Dashboard, DashboardOptions } from './server.ts'

/** Milliseconds between progress updates to the thread. */
const PULSE = 1000
/** Milliseconds that the thread has to close its connections. */
const MAX_CLOSING_MS = 5000

/**
 * Starts the dashboard of a run in a separate thread, so that the page stays responsive while a pass of the model
 * blocks the training thread, for seconds on a slow machine.
 * @throws SpanforgeError for the same reasons as `startDashboard`
 */
export async function startDashboardThread(
  live: LiveRun,
  { folder, depth, host, port }: Omit<DashboardOptions, 'live'>,
): Promise<Dashboard> {
  const data: ThreadData = { name: live.name, folder, depth, host, port, pulse: live.pulse() }
  const worker = startWorker(import.meta.url, './server-worker', data)
  worker.unref()
  const thread = new Thread(worker, {
    watched: (isWatched: boolean) => {
      live.log.isWatchedElsewhere = isWatched
    },
    control: (action: Action) => live.control(action),
  })
  worker.once('error', (error) => live.lostServer(error))
  live.log.mirror((json) => thread.tell('record', json))
  const pulses = setInterval(() => live.log.isWatched && thread.tell('pulse', live.pulse()), PULSE).unref()
  const exited = once(worker, 'exit')
  const end = async () => {
    clearInterval(pulses)
    thread.tell('close')
    const timeout = setTimeout(() => worker.terminate(), MAX_CLOSING_MS)
    await exited
    clearTimeout(timeout)
  }
  try {
    return { ...(await thread.call<Pick<Dashboard, 'address' | 'port'>>('listen')), close: end }
  } catch (error) {
    await end()
    throw error
  }
}

/** Start data of the dashboard's thread. */
export interface ThreadData {
  readonly name: string
  readonly folder: string
  readonly depth: number
  readonly host: string | undefined
  readonly port: number | undefined
  readonly pulse: Pulse
}
