import { Readable } from 'node:stream'
import { type GivenAnswerOptions, resolveAnswerOptions } from '../../inference/answer-options.ts'
import type { HttpApp } from '../http/app.ts'
import {
  AnswerRequest,
  AnswerResponse,
  BatchRequest,
  BatchResponse,
  eventStream,
  failures,
  type StreamEvent,
} from '../http/contract.ts'
import { asProblem } from '../http/problem.ts'
import { problemBody } from '../http/remedies.ts'
import { SSE_HEADERS, sse } from '../http/sse.ts'
import type { ModelIdentity, ServedModel } from '../models/models.ts'
import { type Asker, askerOf, ClientGone, onceClosed } from '../security/client.ts'
import type { QuestionFields } from '../tokenizing/tokenizing-task.ts'
import type { ServiceContext } from './context.ts'
import { keepQuestions } from './keep-questions.ts'
import { answerAll, openRequest, withRequest } from './questions.ts'
import { streamAnswers } from './stream-answers.ts'

/** Milliseconds between keep-alive comments, so that proxies do not close a stream whose question is still queued. */
const KEEP_ALIVE = 15_000

/** Routes that answer one question, many questions, or stream answers while windows are read. */
export function answerRoutes(app: HttpApp, context: ServiceContext): void {
  const { models, metrics, limits, timeout } = context

  app.post(
    '/api/answer',
    {
      schema: {
        operationId: 'answer',
        tags: ['Answers'],
        summary: 'Answer a question from one or several texts of any length',
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
        summary: 'Answer many questions; a text shared by several questions is tokenized once',
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
        summary: 'Like /api/batch, but streams intermediate answers while windows are read (server-sent events)',
        description:
          'The stream sends `start`, then for each question any number of `progress` events and one `answer`, then ' +
          '`end`. If something fails, it ends with `error`, which carries a problem. The result in `answer` is that ' +
          'of /api/answer.',
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
      const questions = questionsOf(body)
      const opened = await openRequest(model, { questions, options, limits, asker })
      onceClosed(reply, opened.close)
      const events = keepingAnswers(model, questions, streamAnswers(model, opened, options, asker))
      const { windows } = opened.rows
      metrics.answered(model.id, windows.length)
      const lines = eventLines(events, { by: model.identity, windows, started, request: id })
      return reply.headers(SSE_HEADERS).send(Readable.from(lines))
    },
  )

  /** Passes on the events of a stream, and keeps uncertain questions before their answers are sent. */
  async function* keepingAnswers(
    model: ServedModel,
    questions: readonly QuestionFields[],
    events: AsyncGenerator<StreamEvent>,
  ): AsyncGenerator<StreamEvent> {
    for await (const event of events) {
      if (event.name === 'answer')
        await keepQuestions(context, model, [questions[event.data.question]], [event.data.result])
      yield event
    }
  }

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
      await keepQuestions(context, model, questions, results)
      return { ...model.identity, milliseconds: performance.now() - started, results }
    })
  }
}

const questionsOf = ({ inputs, questions, context, contexts }: BatchBody): readonly QuestionFields[] =>
  inputs ?? questions!.map((question) => ({ question, context, contexts }))

interface BatchBody {
  readonly inputs?: readonly QuestionFields[]
  readonly questions?: readonly string[]
  readonly context?: string
  readonly contexts?: readonly string[]
}

interface StreamFacts {
  readonly by: ModelIdentity
  /** Number of windows of each question. */
  readonly windows: readonly number[]
  readonly started: number
  /** Request id. */
  readonly request: string
}

/** The lines of an event stream, from `start` to `end` or `error`. */
async function* eventLines(events: AsyncGenerator<StreamEvent>, { by, windows, started, request }: StreamFacts) {
  const line = (event: string, data: unknown) => sse(event, JSON.stringify(data))
  try {
    yield line('start', { ...by, windows })
    for await (const item of withKeepAlive(events)) yield item ? line(item.name, item.data) : ': waiting\n\n'
    yield line('end', { ...by, milliseconds: performance.now() - started })
  } catch (error) {
    if (error instanceof ClientGone) return
    yield line('error', problemBody(asProblem(error), request))
  }
}

/** Yields items as they arrive, and undefined whenever none has arrived within the keep-alive interval. */
async function* withKeepAlive<T>(items: AsyncGenerator<T>): AsyncGenerator<T | undefined> {
  for (let next = items.next(); ; ) {
    const result = await within(KEEP_ALIVE, next)
    if (result?.done) return
    yield result?.value
    if (result) next = items.next()
  }
}

/** Resolves to the value of `promise`, or to undefined after a timeout. Always clears its timer. */
async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, milliseconds, undefined)
  })
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer))
}
