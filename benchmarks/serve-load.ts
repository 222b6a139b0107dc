/** Requests a second and waiting times of `spanforge serve`, batched and one by one: see README.md beside this file. */
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import autocannon from 'autocannon'
import { Command } from 'commander'
import { columns, textTable } from '../src/report/table.ts'
import { type Asked, realQuestions, startServerProcess } from './serve/server.ts'

interface Options {
  readonly clients: readonly number[]
  readonly seconds: number
  readonly questions: number
  readonly out?: string
}

interface Result {
  readonly mode: 'batched' | 'one by one'
  readonly clients: number
  readonly requests_per_second: number
  readonly p50_ms: number
  readonly p99_ms: number
  readonly not_200: number
}

const FLAGS = { batched: [], 'one by one': ['--batch-tokens', '1', '--batch-wait', '0'] } as const

async function measure(model: string, data: string, options: Options): Promise<Result[]> {
  const questions = await realQuestions(data, options.questions)
  const results: Result[] = []
  for (const mode of ['batched', 'one by one'] as const) {
    const server = await startServerProcess(model, ...FLAGS[mode])
    await load(server.address, questions, 8, Math.min(5, options.seconds)) // warms up
    for (const clients of options.clients) {
      const { requests, latency, errors, non2xx } = await load(server.address, questions, clients, options.seconds)
      const result = {
        mode,
        clients,
        requests_per_second: requests.average,
        p50_ms: latency.p50,
        p99_ms: latency.p99,
        not_200: errors + non2xx,
      }
      console.error(JSON.stringify(result))
      results.push(result)
    }
    await server.end()
  }
  return results
}

/** Each client asks the questions in turn, beginning with another one. */
function load(address: string, questions: readonly Asked[], connections: number, duration: number) {
  const requests = questions.map((asked) => ({
    method: 'POST' as const,
    path: '/api/answer',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(asked),
  }))
  let clients = 0
  return autocannon({
    url: address,
    connections,
    duration,
    timeout: 120,
    setupClient(client) {
      const first = Math.floor((clients++ * requests.length) / connections)
      client.setRequests([...requests.slice(first), ...requests.slice(0, first)])
    },
  })
}

const tableOf = (results: readonly Result[]): string =>
  textTable({
    columns: columns('Clients', 'Passes', '>Requests/s', '>p50', '>p99', '>Not 200'),
    rows: results.map(({ mode, clients, requests_per_second, p50_ms, p99_ms, not_200 }) => [
      String(clients),
      mode,
      requests_per_second.toFixed(1),
      `${p50_ms} ms`,
      `${p99_ms} ms`,
      String(not_200),
    ]),
  })

const wholeNumbers = (text: string): number[] => text.split(',').map(Number)

await new Command()
  .argument('<model>', 'model folder')
  .argument('<data>', 'SQuAD file whose questions are asked')
  .option('--clients <list>', 'how many ask at once', wholeNumbers, [1, 8, 64])
  .option('--seconds <number>', 'time of each measurement', Number, 30)
  .option('--questions <number>', 'how many different ones', Number, 500)
  .option('--out <file>', 'write the results as JSON')
  .action(async (model: string, data: string, options: Options) => {
    const results = await measure(model, data, options)
    console.log(tableOf(results))
    const cpu = `${cpus()[0]?.model.trim()}, ${cpus().length} cores`
    if (options.out) writeFileSync(options.out, `${JSON.stringify({ cpu, ...options, results }, null, 2)}\n`)
  })
  .parseAsync()
