import { type ChildProcess, spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { inject } from 'vitest'

export interface CliResult {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface CliOptions {
  readonly cwd?: string
  readonly stdin?: string
  /** Called with the running process, for example to send signals. */
  readonly meanwhile?: (child: ChildProcess) => void
}

/** Path of a module or program that tests/bundled-cli.ts bundled. */
export const bundled = (name: string): string => join(dirname(inject('cli')), `${name}.js`)

/** Runs `spanforge` in a separate process. */
export async function spanforge(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const env = { ...process.env, NO_COLOR: '1', HF_HUB_OFFLINE: '1' }
  const child = spawn(process.execPath, [inject('cli'), ...args], { cwd: options.cwd, env })
  const ended = new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve([code, signal]))
  })
  child.stdin.end(options.stdin)
  options.meanwhile?.(child)
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  const [code, signal] = await ended
  return { code, signal, stdout, stderr }
}

/** Converts an object to flags: { seed: 1, json: true } becomes --seed 1 --json. */
export const flags = (values: Readonly<Record<string, string | number | true>>): string[] =>
  Object.entries(values).flatMap(([name, value]) => (value === true ? [`--${name}`] : [`--${name}`, String(value)]))
