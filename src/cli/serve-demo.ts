import { join } from 'node:path'
import { UsageError } from '../errors.ts'
import type { Output } from './output.ts'
import { serverLog } from './serve-flags.ts'

/** Whether a person looks at the terminal and can end what goes on in it. */
export const isWatched = (): boolean => process.stdin.isTTY === true && process.stdout.isTTY === true && !process.env.CI

/** The last step of `npm start`: the page on which the model that was just trained answers, until Ctrl-C. */
export async function serveDemo(folder: string, output: Output): Promise<void> {
  const { SERVER_DEFAULTS, startServer } = await import('../server/index.ts')
  const { untilInterrupted } = await import('./serve.ts')
  const options = { ...SERVER_DEFAULTS, log: await serverLog({ log_level: 'warn' }) }
  const models = [join(folder, 'run')]
  const server = await startServer(models, options).catch((error) => {
    // The usual port is taken, by another demonstration perhaps.
    if (error instanceof UsageError) return startServer(models, { ...options, port: 0 })
    throw error
  })
  await untilInterrupted(server, output, () =>
    output.print(
      `\nAsk the model yourself, and mark where it is wrong. Open this in a browser:\n\n  ${server.address}\n\n` +
        `Ctrl-C ends it. Later: npx spanforge serve ${models[0]}`,
    ),
  )
}
