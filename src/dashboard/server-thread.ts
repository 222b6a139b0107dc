import { once } from 'node:events'
import { Thread } from '../threads/calls.ts'
import { startWorker } from '../threads/start-worker.ts'
import type { LiveRun } from './live-run.ts'
import type { Action } from './live-source.ts'
import type { Dashboard, DashboardOptions } from './server.ts'
import type { ThreadData } from './thread-data.ts'

/** How often the thread learns how far the run is, in milliseconds. */
const PULSE = 1000
/** What the thread gets to close its connections, in milliseconds. */
const LONGEST_CLOSING = 5000

/**
 * The dashboard of a run, in a thread of its own. A pass of the model blocks the training's thread for seconds on a slow
 * machine; the page opens and is answered meanwhile, with everything that happened before the pass.
 * @throws SpanforgeError as `startDashboard`
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
    const patience = setTimeout(() => worker.terminate(), LONGEST_CLOSING)
    await exited
    clearTimeout(patience)
  }
  try {
    return { ...(await thread.call<Pick<Dashboard, 'address' | 'port'>>('listen')), close: end }
  } catch (error) {
    await end()
    throw error
  }
}
