import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { inject, onTestFinished } from 'vitest'

export interface Killable {
  readonly child: ChildProcessByStdio<null, Readable, Readable>
  readonly closed: Promise<unknown[]>
}

const killer = new URL('./processes/kill-at-file-operation.mjs', import.meta.url).href

/**
 * Starts a command line in a separate process, which may kill itself at file operation number `kill_at` and ends with
 * the test at the latest.
 */
export function startKillable(argv: readonly string[], kill_at?: number): Killable {
  const preload = kill_at === undefined ? [] : ['--import', killer]
  const child = spawn(process.execPath, [...preload, inject('cli'), ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, KILL_AT: String(kill_at) },
  })
  // The output may not be read, which must not block the process.
  child.stdout.resume()
  child.stderr.resume()
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return { child, closed: once(child, 'close') }
}
