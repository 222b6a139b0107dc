import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { onTestFinished } from 'vitest'
import { bundled } from './cli.ts'
import { inOwnPidNamespace } from './pid-namespace.ts'
import { withReadOnly } from './read-only-mount.ts'

export type Script = ChildProcessByStdio<null, Readable, null>

/** Starts a program of tests/processes in a separate process, which is killed at the end of the test. */
export const startScript = (name: string, ...args: string[]): Script => start(commandLine(name, args))

/** Like `startScript`, but in a separate PID namespace, like in a container that has the same name as the host. */
export const startScriptInNamespace = (name: string, ...args: string[]): Script =>
  start(inOwnPidNamespace(commandLine(name, args)))

/** Like `startScript`, but with `folder` on a read-only file system. */
export const startScriptWithReadOnly = (folder: string, name: string, ...args: string[]): Script =>
  start(withReadOnly(folder, commandLine(name, args)))

const commandLine = (name: string, args: readonly string[]): string[] => [process.execPath, bundled(name), ...args]

function start([command, ...args]: readonly string[]): Script {
  const script = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => {
    script.kill('SIGKILL')
  })
  return script
}

export async function killAndWait(script: Script): Promise<void> {
  const ended = once(script, 'exit')
  script.kill('SIGKILL')
  await ended
}
