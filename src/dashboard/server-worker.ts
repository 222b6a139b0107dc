/** The thread of server-thread.ts: serves the dashboard from a copy of the run's records. */
import { parentPort, workerData } from 'node:worker_threads'
import { SpanforgeError, UsageError } from '../errors.ts'
import type { Action, LiveSource } from './live-source.ts'
import { RecordLog } from './record-log.ts'
import type { Pulse } from './records.ts'
import { type Dashboard, startDashboard } from './server.ts'
import type { ThreadData, ToRun, ToServer } from './thread-messages.ts'

const { name, folder, depth, host, port, pulse } = workerData as ThreadData
const say = (message: ToRun) => parentPort!.postMessage(message)

/** The run in the training's thread. */
class RemoteRun implements LiveSource {
  readonly name = name
  readonly log = new RecordLog([], (isWatched) => say({ type: 'watched', isWatched }))
  lastPulse: Pulse = pulse
  private readonly waiting = new Map<number, (refusal: string | undefined) => void>()
  private next = 0

  pulse(): Pulse {
    return { ...this.lastPulse, at: Date.now(), memory: process.memoryUsage.rss() }
  }

  async control(action: Action): Promise<void> {
    const id = this.next++
    const refusal = await new Promise<string | undefined>((resolve) => {
      this.waiting.set(id, resolve)
      say({ type: 'control', id, action })
    })
    if (refusal !== undefined) throw new UsageError(refusal)
  }

  controlled(id: number, refusal: string | undefined): void {
    this.waiting.get(id)?.(refusal)
    this.waiting.delete(id)
  }
}

const run = new RemoteRun()
const starting: Promise<Dashboard | undefined> = startDashboard({ folder, depth, host, port, live: run }).then(
  (dashboard) => {
    say({ type: 'listening', dashboard: { address: dashboard.address, port: dashboard.port } })
    return dashboard
  },
  (error) => {
    const isForeseen = error instanceof SpanforgeError
    say({
      type: 'failed',
      message: isForeseen ? error.summary : String(error?.message ?? error),
      remedy: isForeseen ? error.options.remedy : undefined,
    })
    return undefined
  },
)

parentPort!.on('message', (message: ToServer) => {
  if (message.type === 'record') run.log.appendJson(message.json)
  if (message.type === 'pulse') run.lastPulse = message.pulse
  if (message.type === 'controlled') run.controlled(message.id, message.refusal)
  if (message.type === 'close') void close()
})

async function close(): Promise<void> {
  const dashboard = await starting
  await dashboard?.close()
  parentPort!.close()
}
