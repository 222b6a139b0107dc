/** Worker that serves the dashboard from a copy of the run's records. Started by server-thread.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import { answerCalls } from '../threads/calls.ts'
import { type Action, type LiveSource, RecordLog } from './record-log.ts'
import type { Pulse } from './records.ts'
import { startDashboard } from './server.ts'
import type { ThreadData } from './server-thread.ts'

const { name, folder, depth, host, port, pulse } = workerData as ThreadData

/** Proxy of the run in the training thread. */
class RemoteRun implements LiveSource {
  readonly name = name
  readonly log = new RecordLog([], (isWatched) => training.tell('watched', isWatched))
  lastPulse: Pulse = pulse

  pulse(): Pulse {
    return { ...this.lastPulse, at: Date.now(), memory: process.memoryUsage.rss() }
  }

  async control(action: Action): Promise<void> {
    await training.call('control', action)
  }
}

const run = new RemoteRun()
const starting = startDashboard({ folder, depth, host, port, live: run })
starting.catch(() => {}) // `listen` reports the error

const training = answerCalls({
  async listen() {
    const { address, port } = await starting
    return { address, port }
  },
  record: (json: string) => run.log.appendJson(json),
  pulse(latest: Pulse) {
    run.lastPulse = latest
  },
  async close() {
    const dashboard = await starting.catch(() => undefined)
    await dashboard?.close()
    parentPort!.close()
  },
})
