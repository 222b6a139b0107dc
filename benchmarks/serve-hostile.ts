/**
 * Measures the effect of hostile clients on ordinary ones: runs `spanforge serve` with 2 GB of memory and 32 clients
 * that ask about a paragraph, a page or an article, under one attack after another. See README.md. Exits with code 1 if
 * an ordinary answer is lost or wrong, if memory or response times exceed their limits, or if SIGTERM takes longer than
 * a second.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { columns, textTable } from '../src/report/render/table.ts'
import type { AnswerResponse } from '../src/server/http/contract.ts'
import { ATTACKS } from './serve/attacks.ts'
import { type Asked, realQuestions, type ServerProcess, startLimitedServer } from './serve/server.ts'

interface Options {
  readonly clients: number
  readonly seconds: number
  readonly megabytes: number
  readonly only?: string
  readonly build?: string
  readonly out?: string
}

/** Results of the ordinary clients during an attack. */
interface Phase {
  readonly attack: string
  readonly answered: number
  readonly lost: number
  /** Number of answers that differ from those of the pipeline before the attacks. */
  readonly wrong: number
  readonly p50_ms: number
  readonly p99_ms: number
  /** Peak memory of the server so far. */
  readonly peak_mb: number
}

interface Ending {
  readonly exit_code: number | null
  readonly milliseconds: number
}

/** Maximum factor by which an attack may slow down ordinary answers. */
const MAX_SLOWDOWN = 3

async function measure(model: string, data: string, options: Options): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'spanforge-hostile-'))
  const paragraphs = await realQuestions(data, 400)
  const book = join(folder, 'book.txt')
  writeFileSync(book, bookOf(paragraphs))
  const server = await startLimitedServer(model, options.megabytes, options.build)
  try {
    const clients = new Clients(server, mixedLengths(paragraphs), options)
    const quiet = await clients.phase('none')
    const phases = [quiet]
    let ending: Ending | undefined
    const names = Object.keys(ATTACKS).filter((name) => name.includes(options.only ?? ''))
    for (const name of names) {
      const attacks = fileURLToPath(new URL('serve/attacks.ts', import.meta.url))
      const attacker = fork(attacks, [server.address, name, book])
      await sleep(1000)
      phases.push(await clients.phase(name))
      console.error(JSON.stringify(phases.at(-1)))
      // The last attack is still running when the server ends, which need not answer those clients.
      if (name === names.at(-1)) ending = await endingOf(server)
      attacker.kill('SIGTERM')
      await once(attacker, 'exit')
    }
    return report(phases, ending!, options)
  } finally {
    server.child.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  }
}

const bookOf = (paragraphs: readonly Asked[]): string => {
  const text = [...new Set(paragraphs.map(({ context }) => context))].join('\n\n')
  return text.repeat(Math.ceil(2_000_000 / text.length)).slice(0, 2_000_000)
}

/** Most questions are about a paragraph, some about a page, and a few about an article of 20,000 characters. */
const mixedLengths = (paragraphs: readonly Asked[]): Asked[] =>
  paragraphs.map(({ question, context }, i) => {
    const around = i % 16 === 15 ? 25 : i % 8 === 3 ? 5 : 1
    const others = paragraphs.slice(i + 1, i + around).map((other) => other.context)
    return { question, context: [context, ...others].join('\n\n') }
  })

class Clients {
  /** Start and end of the first answer to each question. */
  private readonly known = new Map<number, string>()
  private next = 0

  constructor(
    private readonly server: ServerProcess,
    private readonly questions: readonly Asked[],
    private readonly options: Options,
  ) {}

  /** All clients ask for some time; each asks its next question as soon as the previous one is answered. */
  async phase(attack: string): Promise<Phase> {
    const end = performance.now() + 1000 * this.options.seconds
    const took: number[] = []
    let lost = 0
    let wrong = 0
    const client = async () => {
      while (performance.now() < end && this.server.child.exitCode === null) {
        const index = this.next++ % this.questions.length
        const started = performance.now()
        const found = await this.ask(index)
        if (found === undefined) lost++
        else {
          took.push(performance.now() - started)
          if ((this.known.get(index) ?? found) !== found) wrong++
          this.known.set(index, found)
        }
      }
    }
    await Promise.all(Array.from({ length: this.options.clients }, client))
    took.sort((a, b) => a - b)
    const part = (share: number) => Math.round(took[Math.floor(share * (took.length - 1))])
    const [p50_ms, p99_ms] = [part(0.5), part(0.99)]
    return { attack, answered: took.length, lost, wrong, p50_ms, p99_ms, peak_mb: peakMegabytes(this.server) }
  }

  private async ask(index: number): Promise<string | undefined> {
    try {
      const response = await fetch(`${this.server.address}api/answer`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(this.questions[index]),
      })
      const { answers } = (await response.json()) as AnswerResponse
      if (response.ok) return `${answers[0].start} ${answers[0].end}`
      console.error(`lost: ${response.status}`)
    } catch (error) {
      console.error(`lost: ${(error as Error).cause ?? error}`)
      await sleep(100)
    }
    return undefined
  }
}

/** Peak memory of the server in megabytes, as measured by the operating system. */
function peakMegabytes({ child }: ServerProcess): number {
  if (child.exitCode !== null || child.signalCode !== null) return Number.NaN
  const [, kilobytes] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? []
  return Math.round(Number(kilobytes) / 1024)
}

async function endingOf(server: ServerProcess): Promise<Ending> {
  const started = performance.now()
  const exit_code = await server.end()
  return { exit_code, milliseconds: Math.round(performance.now() - started) }
}

/** Prints the results and returns whether all limits were met. */
function report(phases: readonly Phase[], ending: Ending, { megabytes, out }: Options): boolean {
  const [quiet] = phases
  const ratio = ({ p99_ms }: Phase) => p99_ms / quiet.p99_ms
  console.log(
    textTable({
      columns: columns('Attack', '>Answered', '>Lost', '>Wrong', '>p50', '>p99', '>of quiet', '>Peak memory'),
      rows: phases.map((phase) => [
        phase.attack,
        String(phase.answered),
        String(phase.lost),
        String(phase.wrong),
        `${phase.p50_ms} ms`,
        `${phase.p99_ms} ms`,
        ratio(phase).toFixed(2),
        `${phase.peak_mb} MB`,
      ]),
    }),
  )
  console.log(`SIGTERM: exit code ${ending.exit_code} after ${ending.milliseconds} ms`)
  const cpu = `${cpus()[0]?.model.trim()}, ${cpus().length} cores`
  if (out) writeFileSync(out, `${JSON.stringify({ cpu, megabytes, phases, ending }, null, 2)}\n`)
  const isUnharmed = phases.every(
    (phase) => phase.lost === 0 && phase.wrong === 0 && ratio(phase) <= MAX_SLOWDOWN && phase.peak_mb < megabytes,
  )
  return isUnharmed && ending.exit_code === 0 && ending.milliseconds <= 1000
}

await new Command()
  .argument('<model>', 'model folder')
  .argument('<data>', 'SQuAD file whose questions are asked')
  .option('--clients <number>', 'number of ordinary clients', Number, 32)
  .option('--seconds <number>', 'duration of each attack', Number, 10)
  .option('--megabytes <number>', 'memory limit of the server', Number, 2048)
  .option('--only <text>', 'run only attacks whose names contain this text')
  .option('--build <file>', 'dist/cli/main.js of another build, for comparison')
  .option('--out <file>', 'write the results as JSON')
  .action(async (model: string, data: string, options: Options) => {
    process.exitCode = (await measure(model, data, options)) ? 0 : 1
  })
  .parseAsync()
