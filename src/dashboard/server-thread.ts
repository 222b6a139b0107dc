import { once } from 'node:events'
import { SpanforgeError } from '../errors.ts'
import { startWorker } from '../runs/start-worker.ts'
import type { LiveRun } from './live-run.ts'
import type { Dashboard, DashboardOptions } from './server.ts'
import type { ThreadData, ToRun, ToServer } from './thread-messages.ts'

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
  const say = (message: ToServer) => worker.postMessage(message)
  live.log.mirror((json) => say({ type: 'record', json }))
  const pulses = setInterval(() => live.log.isWatched && say({ type: 'pulse', pulse: live.pulse() }), PULSE).unref()
  const exited = once(worker, 'exit')

  const listening = new Promise<Pick<Dashboard, 'address' | 'port'>>((resolve, reject) => {
    worker.on('message', (message: ToRun) => {
      if (message.type === 'listening') resolve(message.dashboard)
      if (message.type === 'failed') reject(new SpanforgeError(message.message, { remedy: message.remedy }))
      if (message.type === 'watched') live.log.isWatchedElsewhere = message.isWatched
      if (message.type === 'control') say({ type: 'controlled', id: message.id, ...control(live, message.action) })
    })
    worker.once('error', (error) => {
      reject(error)
      live.lostServer(error)
    })
  })
  const end = async () => {
    clearInterval(pulses)
    say({ type: 'close' })
    const patience = setTimeout(() => worker.terminate(), LONGEST_CLOSING)
    await exited
    clearTimeout(patience)
  }
  try {
    return { ...(await listening), close: end }
  } catch (error) {
    await end()
    throw error
  }
}

function control(live: LiveRun, action: Parameters<LiveRun['control']>[0]): { refusal?: string } {
  try {
    live.control(action)
    return {}
  } catch (error) {
    return { refusal: (error as Error).message }
  }
}
