import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { SpanforgeError } from '../../src/errors.ts'
import type { RankSettings, RankTimes } from './time-ranks.ts'

const script = fileURLToPath(new URL('./time-ranks.ts', import.meta.url))

/** The command line of a process that measures steps. */
export const measuring = (settings: RankSettings): string[] => [
  ...[process.execPath, '--import', import.meta.resolve('tsx'), script],
  JSON.stringify(settings),
]

/** Runs a command line that measures steps, and returns the document that it prints. */
export function timesOf([program, ...args]: readonly string[], env: Readonly<Record<string, string>>): RankTimes {
  const { status, stdout, error } = spawnSync(program, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })
  if (status !== 0) throw new SpanforgeError(`${program} failed: ${error?.message ?? `exit code ${status}`}`)
  return JSON.parse(stdout.toString())
}
