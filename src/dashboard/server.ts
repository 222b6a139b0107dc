import type { AddressInfo } from 'node:net'
import { SpanforgeError } from '../errors.ts'
import { packageFile } from '../package-root.ts'
import { createApp, type HttpApp, servePage } from '../server/http/app.ts'
import { browserAddress } from '../server/http/listen.ts'
import { EventStreams } from './event-stream.ts'
import { newToken } from './guard.ts'
import { PastRuns } from './past-runs.ts'
import type { LiveSource } from './record-log.ts'
import { addRoutes } from './routes.ts'

export const DEFAULT_PORT = 6007
export const DEFAULT_HOST = '127.0.0.1'

export interface DashboardOptions {
  /** Folder of past runs. */
  readonly folder: string
  /** Number of subfolder levels to search for runs. */
  readonly depth: number
  readonly live?: LiveSource
  readonly host?: string
  /** Port to use, or the next free one if it is in use. 0 selects any free port. */
  readonly port?: number
}

export interface Dashboard {
  /** URL of the page, including the token that authorizes controlling the run and writing notes. */
  readonly address: string
  readonly port: number
  /** Ends the streams of open pages and closes the server. */
  readonly close: () => Promise<void>
}

/** @throws SpanforgeError if no port is free, the host is not an address of this machine, or the page is not built */
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
      // Clients that do not read must not keep the process alive.
      const timeout = setTimeout(() => app.server.closeAllConnections(), GRACE)
      await closed
      clearTimeout(timeout)
    },
  }
}

/** Milliseconds that open pages have to read the last events. */
const GRACE = 1000

/** Number of consecutive ports to try. */
const TRIES = 100

async function listen(app: HttpApp, host: string, first: number): Promise<number> {
  for (let port = first; ; port++) {
    try {
      await app.listen({ host, port })
      return (app.server.address() as AddressInfo).port
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === 'EADDRINUSE' && port + 1 < first + TRIES && port < 65_535) continue
      await app.close()
      throw new SpanforgeError(`dashboard: cannot listen on ${host}, port ${port}: ${message}`, {
        remedy: 'Choose another --dashboard_port or --dashboard_host, or omit --dashboard.',
        cause: error,
      })
    }
  }
}
