import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

export type Script = ChildProcessByStdio<null, Readable, null>

/** Starts a TypeScript file under tests/processes in a process of its own, which ends with the test at the latest. */
export function startScript(name: string, ...args: string[]): Script {
  const path = fileURLToPath(new URL(`./processes/${name}`, import.meta.url))
  const script = spawn(process.execPath, ['--import', 'tsx', path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
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
