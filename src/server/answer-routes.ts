import { Readable } from 'node:stream'
import { type GivenAnswerOptions, resolveAnswerOptions } from '../inference/answer-options.ts'
import type { App } from './app.ts'
import { type Asker, askerOf, ClientGone, onceClosed } from './client.ts'
import type { ServiceContext } from './context.ts'
import { AnswerRequest, AnswerResponse, BatchRequest, BatchResponse } from './contract.ts'
import { asProblem, problemBody } from './problem.ts'
import { answerAll, openRequest, withRequest } from './questions.ts'
import { eventStream, failures } from './route-schemas.ts'
import { SSE_HEADERS, sse } from './sse.ts'
import { type StreamEvent, streamAnswers } from './stream-answers.ts'
import type { QuestionFields } from './tokenizing-task.ts'

/** A line that no client shows, so that no proxy takes a queue for a dead connection. */
const KEEP_ALIVE = 15_000

/** The routes that answer: one question, many, and as windows are read. */
export function answerRoutes(app: App, context: ServiceContext): void {
  const { models, metrics, limits, timeout } = context

  app.post(
    '/api/answer',
    {
      schema: {
        operationId: 'answer',
        tags: ['Answers'],
        summary: 'Answer a question from a text of any length, or from several',
        body: AnswerRequest,
        response: { 200: AnswerResponse, ...failures },
      },
    },
    async (request, reply) => {
      const { body } = request
      const { results, ...by } = await answered([body], body, askerOf(request, reply, timeout))
      return { ...results[0], ...by }
    },
  )

  app.post(
    '/api/batch',
    {
      schema: {
        operationId: 'batch',
        tags: ['Answers'],
        summary: 'Answer many questions; a text that several are about is tokenised once',
        body: BatchRequest,
        response: { 200: BatchResponse, ...failures },
      },
    },
    async (request, reply) => answered(questionsOf(request.body), request.body, askerOf(request, reply, timeout)),
  )

  app.post(
    '/api/stream',
    {
      schema: {
        operationId: 'stream',
        tags: ['Answers'],
        summary: 'As /api/batch, with answers that come in as windows are read (server-sent events)',
        description:
          'The events are `start`, then for each question any number of `progress` and one `answer`, then `end`; or ' +
          '`error` with a problem. The result of an `answer` is that of /api/answer.',
        body: BatchRequest,
        response: { 200: eventStream, ...failures },
      },
    },
    async (request, reply) => {
      const { body, id } = request
      const started = performance.now()
      const asker = askerOf(request, reply)
      const model = models.get(body.model)
      const options = resolveAnswerOptions(body, model.thread.facts.settings)
      const opened = await openRequest(model, { questions: questionsOf(body), options, limits, asker })
      onceClosed(reply, opened.close)
      const events = streamAnswers(model, opened, options, asker)
      const { windows } = opened.rows
      metrics.answered(model.id, windows.length)
      const lines = eventLines(events, { model: model.id, windows, started, request: id })
      return reply.headers(SSE_HEADERS).send(Readable.from(lines))
    },
  )

  async function answered(
    questions: readonly QuestionFields[],
    body: GivenAnswerOptions & { readonly model?: string },
    asker: Asker,
  ) {
    const started = performance.now()
    const model = models.get(body.model)
    const options = resolveAnswerOptions(body, model.thread.facts.settings)
    return withRequest(model, { questions, options, limits, asker }, async (opened) => {
      const results = await answerAll(model, opened, options, asker)
      metrics.answered(model.id, results.length)
      return { model: model.id, milliseconds: performance.now() - started, results }
    })
  }
}

const questionsOf = ({ inputs, questions, context, contexts }: BatchFields): readonly QuestionFields[] =>
  inputs ?? questions!.map((question) => ({ question, context, contexts }))

interface BatchFields {
  readonly inputs?: readonly QuestionFields[]
  readonly questions?: readonly string[]
  readonly context?: string
  readonly contexts?: readonly string[]
}

interface StreamFacts {
  readonly model: string
  /** Of each question. */
  readonly windows: readonly number[]
  readonly started: number
  /** Id of the request. */
  readonly request: string
}

/** A stream as it is sent, from `start` to `end` or `error`. */
async function* eventLines(events: AsyncGenerator<StreamEvent>, { model, windows, started, request }: StreamFacts) {
  const line = (event: string, data: unknown) => sse(event, JSON.stringify(data))
  try {
    yield line('start', { model, windows })
    for await (const item of withKeepAlive(events)) yield item ? line(item.event, item.data) : ': waiting\n\n'
    yield line('end', { model, milliseconds: performance.now() - started })
  } catch (error) {
    if (error instanceof ClientGone) return
    yield line('error', problemBody(asProblem(error), request))
  }
}

/** The items as they come; undefined where none has come for a while. */
async function* withKeepAlive<T>(items: AsyncGenerator<T>): AsyncGenerator<T | undefined> {
  for (let next = items.next(); ; ) {
    const result = await within(KEEP_ALIVE, next)
    if (result?.done) return
    yield result?.value
    if (result) next = items.next()
  }
}

/** What a promise resolves to; undefined if it takes longer than that. No timer is left behind, however it ends. */
async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, milliseconds, undefined)
  })
  return Promise.race([promise, patience]).finally(() => clearTimeout(timer))
}
