import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { SpanforgeError } from '../../src/errors.ts'

/**
 * Runs a script of this folder in a separate process and returns the JSON document that it prints. After `timeout`
 * milliseconds, the process is ended, which is an error.
 */
export function runScript<T>(name: string, settings: { readonly model: string }, what: string, timeout?: number): T {
  const script = fileURLToPath(new URL(name, import.meta.url))
  const { status, signal, stdout } = spawnSync(
    process.execPath,
    ['--import', 'tsx', script, JSON.stringify(settings)],
    { stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 2 ** 26, timeout },
  )
  if (status === 0) return JSON.parse(stdout.toString())
  throw new SpanforgeError(
    `${settings.model} ${what} failed (${signal ? `signal ${signal}: likely out of memory` : `exit code ${status}`})`,
  )
}
