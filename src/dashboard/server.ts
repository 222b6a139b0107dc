import type { AddressInfo } from 'node:net'
import { SpanforgeError } from '../errors.ts'
import { packageFile } from '../package-root.ts'
import { type App, createApp, servePage } from '../server/app.ts'
import { browserAddress } from '../server/start.ts'
import { EventStreams } from './event-stream.ts'
import { newToken } from './guard.ts'
import type { LiveSource } from './live-source.ts'
import { PastRuns } from './past-runs.ts'
import { addRoutes } from './routes.ts'

export const DEFAULT_PORT = 6007
export const DEFAULT_HOST = '127.0.0.1'

export interface DashboardOptions {
  /** Where past runs lie. */
  readonly folder: string
  /** How many folders below it runs are looked for. */
  readonly depth: number
  readonly live?: LiveSource
  readonly host?: string
  /** The next free one is taken where this is not. 0: any. */
  readonly port?: number
}

export interface Dashboard {
  /** To open; with the token that allows pausing and stopping the run, and writing notes. */
  readonly address: string
  readonly port: number
  /** What pages are told last, before the server goes. */
  readonly close: () => Promise<void>
}

/** @throws SpanforgeError where no port is free, the host is none of this machine, or the page is not built */
export async function startDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { folder, depth, live, host = DEFAULT_HOST, port = DEFAULT_PORT } = options
  const token = newToken()
  const streams = live && new EventStreams(live)
  const app = await createApp({ bodyLimit: 16_384 })
  addRoutes(app, {
    runs: new PastRuns(folder, depth),
    live: live && { run: live, streams: streams! },
    token,
    ownNames: [host.toLowerCase()],
  })
  await servePage(app, packageFile('dist/web'), 'dashboard')
  const taken = await listen(app, host, port)
  return {
    address: `${browserAddress(app, host)}#token=${token}`,
    port: taken,
    close: async () => {
      streams?.end()
      const closed = app.close()
      // Nobody who does not read may keep the process.
      const patience = setTimeout(() => app.server.closeAllConnections(), GRACE)
      await closed
      clearTimeout(patience)
    },
  }
}

/** What open pages get to read their last words, in milliseconds. */
const GRACE = 1000

/** How many ports are tried, one after another. */
const TRIES = 100

async function listen(app: App, host: string, first: number): Promise<number> {
  for (let port = first; ; port++) {
    try {
      await app.listen({ host, port })
      return (app.server.address() as AddressInfo).port
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === 'EADDRINUSE' && port + 1 < first + TRIES && port < 65_535) continue
      await app.close()
      throw new SpanforgeError(`dashboard: cannot listen on ${host}, port ${port}: ${message}`, {
        remedy: 'Choose another --dashboard_port or --dashboard_host, or leave --dashboard out.',
        cause: error,
      })
    }
  }
}
