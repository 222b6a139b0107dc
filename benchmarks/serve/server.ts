import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSquad } from '../../src/squad/reading/squad-json.ts'

/** A `spanforge serve` process, as compiled by `npm run setup`. */
export interface ServerProcess {
  readonly address: string
  readonly child: ChildProcess
  /** Resident memory in bytes. */
  memory(): Promise<number>
  /** Ends the server with SIGTERM and returns its exit code. */
  end(): Promise<number | null>
}

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

export const startServerProcess = (model: string, ...flags: readonly string[]): Promise<ServerProcess> =>
  startServer([process.execPath, main], model, flags)

/** Starts a server with a memory limit, at which it is terminated. */
export const startLimitedServer = (model: string, megabytes: number, compiled = main): Promise<ServerProcess> => {
  const limited = `ulimit -d ${megabytes * 1024}; exec "$@"`
  return startServer(['/bin/sh', '-c', limited, 'sh', process.execPath, compiled], model, [])
}

async function startServer(
  [program, ...before]: readonly [string, ...string[]],
  model: string,
  flags: readonly string[],
): Promise<ServerProcess> {
  const args = [...before, 'serve', model, '--port', '0', '--json', '--log_level', 'error', ...flags]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const address = await addressOf(child)
  return {
    address,
    child,
    memory: async () => residentBytes(await (await fetch(`${address}metrics`)).text()),
    async end() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM')
        await once(child, 'exit')
      }
      return child.exitCode
    },
  }
}

async function addressOf(child: ChildProcess): Promise<string> {
  let said = ''
  for await (const chunk of child.stdout!) {
    said += chunk
    const [, address] = /"address": "([^"]+)"/.exec(said) ?? []
    if (address) return address
  }
  throw new Error(`the server did not start: exit code ${child.exitCode}; compile it with npm run setup`)
}

const residentBytes = (metrics: string): number => Number(/^process_resident_memory_bytes (\S+)$/m.exec(metrics)?.[1])

export interface Asked {
  readonly question: string
  readonly context: string
}

/** Selects questions with their contexts evenly from a SQuAD file. */
export async function realQuestions(file: string, count: number): Promise<Asked[]> {
  const examples = parseSquad(await readFile(file, 'utf8'), basename(file))
  const step = Math.max(1, Math.floor(examples.length / count))
  return examples
    .filter((_, i) => i % step === 0)
    .slice(0, count)
    .map(({ question, context }) => ({ question, context }))
}
