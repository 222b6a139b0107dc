/**
 * Checks the reliability of `spanforge serve` under load: answers are never lost or mixed up, memory stays constant,
 * and disconnecting clients and overload do no harm. See README.md. Exits with code 1 if a check fails.
 */
import { Command } from 'commander'
import { pipeline } from '../src/api/pipeline.ts'
import type { AnswerResponse, PredictedAnswer } from '../src/server/http/contract.ts'
import { type Asked, realQuestions, type ServerProcess, startServerProcess } from './serve/server.ts'

interface Options {
  readonly requests: number
  readonly questions: number
  readonly clients: number
  readonly minutes: number
  readonly hang_ups: number
}

type Expected = Pick<PredictedAnswer, 'start' | 'end' | 'score'>

async function soak(model: string, data: string, options: Options): Promise<boolean> {
  const questions = await realQuestions(data, options.questions)
  const expected = await pipelineSearches(model, questions)
  const waiting = String(Math.max(256, options.clients))
  const server = await startServerProcess(model, '--max_requests', waiting, '--timeout', '600')
  try {
    const isExact = await everyAnswer(server, questions, expected, options)
    const isHarmless = await hangingUp(server, questions, options.hang_ups)
    return isExact && isHarmless && (await overload(server, questions))
  } finally {
    console.log(`SIGTERM: exit code ${await server.end()}`)
  }
}

async function pipelineSearches(model: string, questions: readonly Asked[]): Promise<Expected[]> {
  const ask = await pipeline('question-answering', model)
  const found: Expected[] = []
  for (const { question, context } of questions) found.push((await ask.search(question, [context])).candidates[0])
  await ask.dispose()
  console.log(`the pipeline has answered ${found.length} questions`)
  return found
}

/** Sends requests until both the minimum number and the minimum duration are reached. */
async function everyAnswer(
  server: ServerProcess,
  questions: readonly Asked[],
  expected: readonly Expected[],
  { requests, clients, minutes }: Options,
): Promise<boolean> {
  const end = performance.now() + minutes * 60_000
  let asked = 0
  let wrong = 0
  let furthest = 0
  const client = async () => {
    while (asked < requests || performance.now() < end) {
      const index = asked++ % questions.length
      const response = await answer(server, questions[index])
      const { answers } = (await response.json()) as AnswerResponse
      const { start, end: after, score } = expected[index]
      const [found] = answers ?? []
      furthest = Math.max(furthest, Math.abs((found?.score ?? Number.NaN) - score))
      if (found?.start === start && found.end === after) continue
      // Two spans may be so close that rounding decides. Their probabilities are then equal.
      if (found && Math.abs(found.score - score) < 1e-6) continue
      wrong++
      console.log(
        `wrong: ${questions[index].question}: ${JSON.stringify(found)}, expected ${JSON.stringify(expected[index])}`,
      )
    }
  }
  const memory: number[] = []
  const watch = setInterval(async () => memory.push(await server.memory()), 10_000)
  await Promise.all(Array.from({ length: clients }, client))
  clearInterval(watch)
  console.log(`${asked} requests, ${wrong} wrong; scores differ by at most ${furthest.toExponential(1)}`)
  console.log(`memory in MB, every 10 s: ${memory.map((bytes) => Math.round(bytes / 1e6)).join(' ')}`)
  return wrong === 0
}

/** Several clients ask about long texts and disconnect, followed by one that does not. */
async function hangingUp(server: ServerProcess, questions: readonly Asked[], clients: number): Promise<boolean> {
  const context = questions.map((one) => one.context).join('\n\n')
  const gone = new AbortController()
  const hung = Array.from({ length: clients }, () =>
    answer(server, { question: questions[0].question, context }, gone.signal)
      .then((response) => response.text())
      .catch(() => {}),
  )
  await new Promise((resolve) => setTimeout(resolve, 2000))
  gone.abort()
  await Promise.all(hung)
  const started = performance.now()
  const { status } = await answer(server, questions[0])
  console.log(`${clients} clients hung up; the next one: ${status} after ${Math.round(performance.now() - started)} ms`)
  return status === 200
}

/**
 * Sends more requests than may wait. Each is answered or rejected, rejections are immediate, and the server recovers
 * afterwards. The clients first request the server's health, which opens their connections and measures their own
 * latency.
 */
async function overload(server: ServerProcess, questions: readonly Asked[]): Promise<boolean> {
  const burst = (ask: (i: number) => Promise<Response>) => {
    const started = performance.now()
    return Promise.all(
      Array.from({ length: 1000 }, async (_, i) => {
        const response = await ask(i)
        const milliseconds = performance.now() - started
        await response.text()
        return { status: response.status, milliseconds }
      }),
    )
  }
  const health = () => fetch(`${server.address}health`)
  await burst(health)
  const healthy = await burst(health)
  const replies = await burst((i) => answer(server, questions[i % questions.length]))
  const took = (wanted: number, of = replies) =>
    of.filter(({ status }) => status === wanted).map(({ milliseconds }) => Math.round(milliseconds))
  const [answered, rejected] = [took(200), took(503)]
  const { status } = await answer(server, questions[0])
  console.log(`1000 at once to /health: the slowest after ${Math.max(...took(200, healthy))} ms`)
  console.log(
    `1000 questions at once: ${answered.length} answered, the slowest after ${Math.max(...answered)} ms; ` +
      `${rejected.length} rejected, the slowest after ${Math.max(0, ...rejected)} ms; the next one: ${status}`,
  )
  return answered.length + rejected.length === 1000 && rejected.length > 0 && status === 200
}

const answer = ({ address }: ServerProcess, asked: Asked, signal?: AbortSignal): Promise<Response> =>
  fetch(`${address}api/answer`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(asked),
    signal,
  })

await new Command()
  .argument('<model>', 'model folder')
  .argument('<data>', 'SQuAD file whose questions are asked')
  .option('--requests <number>', 'minimum number of requests', Number, 20_000)
  .option('--questions <number>', 'number of different questions', Number, 1000)
  .option('--clients <number>', 'number of concurrent clients', Number, 64)
  .option('--minutes <number>', 'minimum duration in minutes', Number, 10)
  .option('--hang_ups <number>', 'number of clients that disconnect early', Number, 200)
  .action(async (model: string, data: string, options: Options) => {
    process.exitCode = (await soak(model, data, options)) ? 0 : 1
  })
  .parseAsync()
