import rateLimit from '@fastify/rate-limit'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ServedIndex } from './collection/served-index.ts'
import { SERVER_DEFAULTS } from './defaults.ts'
import { type AppOptions, createApp, type HttpApp, sendProblem, serveAnswerBox, servePage } from './http/app.ts'
import { documentation } from './http/documentation.ts'
import { HttpProblem } from './http/problem.ts'
import { explained } from './http/remedies.ts'
import type { Metrics } from './models/metrics.ts'
import type { Models } from './models/models.ts'
import type { QuestionLog } from './question-log/question-log.ts'
import { answerRoutes } from './routes/answers.ts'
import { collectionRoutes } from './routes/collection.ts'
import type { ServiceContext } from './routes/context.ts'
import { correctionRoutes, sayWhatIsKept } from './routes/corrections.ts'
import { huggingFaceRoutes } from './routes/huggingface.ts'
import { modelRoutes } from './routes/models.ts'
import { healthRoutes, metricsRoute } from './routes/system.ts'
import { limitBytes } from './security/bytes.ts'
import { bearerTokens, identifyClients } from './security/client.ts'
import { SHARED, SharedLimit } from './security/shared-limit.ts'
import type { TextLimits } from './tokenizing/limits.ts'

export interface ServiceOptions extends AppOptions {
  readonly models: Models
  readonly metrics: Metrics
  readonly limits?: Partial<TextLimits>
  /** Index of documents to answer from (default: none). */
  readonly index?: ServedIndex
  /** Adds the annotation page (default: none). */
  readonly annotate?: (app: HttpApp) => Promise<void>
  /** Keeps uncertain questions and corrections (default: nothing is kept). */
  readonly questionLog?: QuestionLog
  /** Milliseconds within which a request must be answered. Streams have no limit. */
  readonly timeout?: number
  /** Accepted tokens. If there are none, requests need no token. */
  readonly tokens?: readonly string[]
  /** Maximum requests per minute from one client (default: unlimited). */
  readonly rateLimit?: number
  /** Folder of the built pages; the demo is served at `/` (default: no page). */
  readonly pages?: string
}

const DEFAULT_LIMITS: TextLimits = {
  question: SERVER_DEFAULTS.max_question,
  context: SERVER_DEFAULTS.max_context,
  questions: 1000,
  windows: SERVER_DEFAULTS.max_windows,
}

const QUIET = ['/health', '/ready', '/metrics']

/** Creates the service, ready to listen. Closing it waits for requests in progress. */
export async function createService(options: ServiceOptions): Promise<HttpApp> {
  const {
    models,
    metrics,
    tokens = [],
    timeout = 1000 * SERVER_DEFAULTS.timeout,
    rateLimit: perMinute,
    pages,
  } = options
  let isClosing = false
  const context: ServiceContext = {
    models,
    metrics,
    index: options.index,
    questionLog: options.questionLog,
    hasAnnotation: options.annotate !== undefined,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    timeout,
    mayReload: tokens.length > 0,
    isReady: () => !isClosing,
  }
  const app = await createApp(options)
  identifyClients(app)
  limitBytes(app, new SharedLimit(SHARED * app.initialConfig.bodyLimit!))
  app.addHook('preClose', async () => {
    isClosing = true
  })
  app.addHook('onSend', async (_request, reply) => {
    if (isClosing) reply.header('connection', 'close')
  })
  app.addHook('onRequest', async (request, reply) => {
    // onResponse is not called for clients that disconnect.
    reply.raw.once('close', () => {
      if (reply.raw.writableFinished) return
      metrics.dropped()
      request.log.info(logged(request, reply, 499), 'client disconnected')
    })
  })
  app.addHook('onResponse', async (request, reply) => {
    const { statusCode: status } = reply
    const line = logged(request, reply, status)
    metrics.request(line.method, line.route, status, reply.elapsedTime)
    // Health checks and metrics are requested all the time.
    const level = QUIET.includes(line.route) && status < 400 ? 'debug' : 'info'
    request.log[level](line, 'answered')
  })
  if (perMinute !== undefined) await limitRate(app, perMinute)
  await documentation(app, { ...serviceApi(options.questionLog), requiresToken: tokens.length > 0 })
  healthRoutes(app, context)
  if (pages) {
    await servePage(app, pages, 'playground')
    await serveAnswerBox(app, pages)
  }
  if (options.annotate)
    await app.register(
      async (inner) => {
        if (perMinute !== undefined) inner.addHook('onRequest', app.rateLimit())
        await options.annotate!(inner as unknown as HttpApp)
      },
      { prefix: '/annotate' },
    )
  await app.register(async (inner) => {
    const guarded = inner as unknown as HttpApp
    guarded.setErrorHandler((error, request, reply) => sendProblem(explained(error, request), request, reply))
    if (perMinute !== undefined) guarded.addHook('onRequest', app.rateLimit())
    if (tokens.length > 0) guarded.addHook('onRequest', bearerTokens(tokens))
    if (context.questionLog) sayWhatIsKept(guarded, context.questionLog)
    answerRoutes(guarded, context)
    modelRoutes(guarded, context)
    if (context.index) collectionRoutes(guarded, context.index, context)
    if (context.questionLog) correctionRoutes(guarded, context.questionLog, context)
    huggingFaceRoutes(guarded, context)
    metricsRoute(guarded, context)
  })
  return app
}

/**
 * Registers the rate limit. Routes add `app.rateLimit()` before other checks, so that guessing tokens is limited too.
 * Requests for unknown paths are counted here.
 */
async function limitRate(app: HttpApp, max: number): Promise<void> {
  await app.register(rateLimit, {
    global: false,
    max,
    timeWindow: '1 minute',
    errorResponseBuilder: (_request, { max, ttl }) =>
      new HttpProblem(429, `Rate limit exceeded (${max} requests per minute).`, {
        remedy: `Retry in ${Math.ceil(ttl / 1000)} s, or start the server with a larger --rate_limit.`,
        retryAfter: ttl / 1000,
      }),
  })
  const limit = app.rateLimit()
  app.addHook('onRequest', async function count(request, reply) {
    if (request.is404) await limit.call(app, request, reply)
  })
}

/** The description of the API. */
const serviceApi = (log: QuestionLog | undefined) => ({
  title: 'spanforge',
  description:
    'Extractive question answering. Positions are UTF-16 offsets, so in JavaScript `context.slice(start, end)` ' +
    `is the answer. The Hugging Face routes count code points instead, as Python does.${log ? `\n\n${keptText(log)}` : ''}`,
  tags: ['Answers', 'Documents', 'Models', 'Hugging Face', 'Operation'],
})

const keptText = ({ below }: QuestionLog): string =>
  `**This server keeps questions** whose answer has a confidence below ${below}, with their text and answer, to train ` +
  'better models, and all corrections. Responses say so in the header `Questions-Kept`.'

/** The log entry of a request. It does not include questions or texts. */
const logged = ({ method, routeOptions, ip }: FastifyRequest, { elapsedTime }: FastifyReply, status: number) => ({
  method,
  route: routeOptions.url ?? 'none',
  status,
  milliseconds: Math.round(elapsedTime * 10) / 10,
  ip,
})
