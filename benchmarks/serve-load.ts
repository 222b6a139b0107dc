/**
 * Measures the throughput and response times of `spanforge serve` with and without batching. Two servers run at the
 * same time, and rounds of the same questions alternate between them. See README.md.
 */
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import autocannon from 'autocannon'
import { Command } from 'commander'
import { columns, textTable } from '../src/report/render/table.ts'
import { bootstrapMean } from '../src/squad/metrics/bootstrap.ts'
import { type Asked, realQuestions, startServerProcess } from './serve/server.ts'

interface Options {
  readonly clients: readonly number[]
  readonly rounds: number
  readonly questions: number
  readonly out?: string
}

/** Means over the rounds. */
interface Load {
  readonly requests_per_second: number
  readonly p50_ms: number
  readonly p99_ms: number
  readonly not_200: number
}

interface Result {
  readonly clients: number
  readonly batched: Load
  readonly one_by_one: Load
  /** Relative increase in requests per second due to batching, per round, and the mean. */
  readonly more_percent: {
    readonly rounds: readonly number[]
    readonly mean: number
    readonly low: number
    readonly high: number
  }
}

async function measure(model: string, data: string, { clients, rounds, questions }: Options): Promise<Result[]> {
  const asked = await realQuestions(data, questions)
  const batched = await startServerProcess(model)
  const one_by_one = await startServerProcess(model, '--batch_tokens', '1', '--batch_wait', '0')
  const servers = { batched, one_by_one }
  for (const { address } of Object.values(servers)) await load(address, asked.slice(0, 50), 8) // warm-up
  const results: Result[] = []
  for (const count of clients) {
    const loads = { batched: [] as Load[], one_by_one: [] as Load[] }
    for (let round = 0; round < rounds; round++) {
      // Each round has different questions, and each server is the first equally often.
      const first = Math.floor((round * asked.length) / rounds)
      const turned = [...asked.slice(first), ...asked.slice(0, first)].slice(
        0,
        count * Math.max(5, Math.ceil(100 / count)),
      )
      const modes = ['batched', 'one_by_one'] as const
      for (const mode of round % 2 ? modes.toReversed() : modes)
        loads[mode].push(await load(servers[mode].address, turned, count))
    }
    const more = loads.batched.map(
      ({ requests_per_second }, round) => 100 * (requests_per_second / loads.one_by_one[round].requests_per_second - 1),
    )
    const result = {
      clients: count,
      batched: meanLoad(loads.batched),
      one_by_one: meanLoad(loads.one_by_one),
      more_percent: { rounds: more, ...bootstrapMean(more) },
    }
    console.error(JSON.stringify(result))
    results.push(result)
  }
  for (const server of Object.values(servers)) await server.end()
  return results
}

/** Asks each question once, with the given number of concurrent clients. */
async function load(address: string, questions: readonly Asked[], connections: number): Promise<Load> {
  const requests = questions.map((asked) => ({
    method: 'POST' as const,
    path: '/api/answer',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(asked),
  }))
  // Each client takes questions from the same queue.
  let clients = 0
  const started = performance.now()
  let ended = started
  const { latency, errors, non2xx } = await autocannon({
    url: address,
    connections,
    amount: requests.length,
    timeout: 120,
    setupClient(client) {
      const own = clients++
      // The tool itself only stops at full seconds.
      client.on('response', () => {
        ended = performance.now()
      })
      client.setRequests(requests.filter((_, i) => i % connections === own))
    },
  })
  const seconds = (ended - started) / 1000
  const requests_per_second = requests.length / seconds
  return { requests_per_second, p50_ms: latency.p50, p99_ms: latency.p99, not_200: errors + non2xx }
}

const meanLoad = (loads: readonly Load[]): Load => {
  const sum = (name: keyof Load) => loads.reduce((total, load) => total + load[name], 0)
  const mean = (name: keyof Load) => sum(name) / loads.length
  return {
    requests_per_second: mean('requests_per_second'),
    p50_ms: mean('p50_ms'),
    p99_ms: mean('p99_ms'),
    not_200: sum('not_200'),
  }
}

const tableOf = (results: readonly Result[]): string =>
  textTable({
    columns: columns('Clients', '>Requests/s', '>p50', '>p99', '>One by one', '>p50', '>p99', '>More', 'from', 'to'),
    rows: results.map(({ clients, batched, one_by_one, more_percent: { mean, low, high } }) => [
      String(clients),
      ...[batched, one_by_one].flatMap(({ requests_per_second, p50_ms, p99_ms }) => [
        requests_per_second.toFixed(1),
        `${Math.round(p50_ms)} ms`,
        `${Math.round(p99_ms)} ms`,
      ]),
      ...[mean, low, high].map((percent) => `${percent.toFixed(1)} %`),
    ]),
  })

const wholeNumbers = (text: string): number[] => text.split(',').map(Number)

await new Command()
  .argument('<model>', 'model folder')
  .argument('<data>', 'SQuAD file whose questions are asked')
  .option('--clients <list>', 'numbers of concurrent clients', wholeNumbers, [1, 8, 64])
  .option('--rounds <number>', 'rounds per measurement', Number, 8)
  .option('--questions <number>', 'number of different questions', Number, 800)
  .option('--out <file>', 'write the results as JSON')
  .action(async (model: string, data: string, options: Options) => {
    const results = await measure(model, data, options)
    console.log(tableOf(results))
    const cpu = `${cpus()[0]?.model.trim()}, ${cpus().length} cores`
    const { out, ...measured } = options
    if (out) writeFileSync(out, `${JSON.stringify({ cpu, ...measured, results }, null, 2)}\n`)
  })
  .parseAsync()
