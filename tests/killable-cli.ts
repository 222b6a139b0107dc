import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { beforeAll, onTestFinished } from 'vitest'
import { bundledCli } from './bundled-cli.ts'

export interface Killable {
  readonly child: ChildProcessByStdio<null, Readable, Readable>
  readonly closed: Promise<unknown[]>
}

const killer = new URL('./processes/kill-at-file-operation.mjs', import.meta.url).href

/**
 * For the tests of a file: starts a command line in a process of its own, bundled once for all of them. It may be
 * killed by its own file operation number `kill_at`, and ends with the test at the latest.
 */
export function killableCli(): (argv: readonly string[], kill_at?: number) => Killable {
  let main: string
  beforeAll(async () => {
    const cli = await bundledCli()
    main = cli.main
    return () => rmSync(cli.folder, { recursive: true })
  })
  return (argv, kill_at) => {
    const preload = kill_at === undefined ? [] : ['--import', killer]
    const child = spawn(process.execPath, [...preload, main, ...argv], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, KILL_AT: String(kill_at) },
    })
    // Nobody may be reading: what it writes must not stop it.
    child.stdout.resume()
    child.stderr.resume()
    onTestFinished(() => {
      child.kill('SIGKILL')
    })
    return { child, closed: once(child, 'close') }
  }
}
