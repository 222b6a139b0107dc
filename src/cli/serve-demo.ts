import { join } from 'node:path'
import { UsageError } from '../errors.ts'
import type { Output } from './output.ts'
import { serverLog } from './serve-flags.ts'

/** Whether the terminal is interactive. */
export const isWatched = (): boolean => process.stdin.isTTY === true && process.stdout.isTTY === true && !process.env.CI

/** The last step of `npm start`: serves the trained model in a web page until Ctrl-C. */
export async function serveDemo(folder: string, output: Output): Promise<void> {
  const { SERVER_DEFAULTS, startServer } = await import('../server/index.ts')
  const { untilInterrupted } = await import('./serve.ts')
  const options = { ...SERVER_DEFAULTS, log: await serverLog({ log_level: 'warn' }) }
  const models = [join(folder, 'run')]
  const server = await startServer(models, options).catch((error) => {
    // The default port is in use, perhaps by another demo.
    if (error instanceof UsageError) return startServer(models, { ...options, port: 0 })
    throw error
  })
  await untilInterrupted(server, output, () =>
    output.print(
      `\nAsk the model your own questions and correct its mistakes. Open this page in a browser:\n\n` +
        `  ${server.address}\n\nPress Ctrl-C to stop. To serve it again: npx spanforge serve ${models[0]}`,
    ),
  )
}
