import { readFile } from 'node:fs/promises'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import files from '@fastify/static'
import fastify, { type FastifyBaseLogger, type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { SpanforgeError } from '../errors.ts'
import { showText } from '../show-value.ts'
import { ClientConnections } from './connections.ts'
import { asProblem, HttpProblem, problemBody } from './problem.ts'
import { readRequestJson, validatorCompiler } from './request-json.ts'

export interface AppOptions {
  /** Nothing is logged without one. */
  readonly logger?: FastifyBaseLogger
  /** Largest body in bytes. */
  readonly bodyLimit?: number
  /** Origins whose pages may call, such as `https://example.org` (default: none). */
  readonly corsOrigins?: readonly string[]
  /** Proxies whose X-Forwarded-For is believed. */
  readonly trustProxy?: boolean | string
  /** Milliseconds that a client may take to send a request, headers and body. */
  readonly receiveTimeout?: number
  /** Milliseconds after which a client that does not read its answer is cut off. */
  readonly sendTimeout?: number
}

const MEGABYTE = 2 ** 20

const METHODS = ['GET', 'HEAD', 'POST'] as const

/** Only what the server itself has is loaded by a page, and no page of others may frame it. */
const CONTENT_SECURITY_POLICY = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'img-src': ["'self'", 'data:', 'blob:'],
  'font-src': ["'self'"],
  'connect-src': ["'self'"],
  'worker-src': ["'self'"],
  'manifest-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
  'frame-ancestors': ["'none'"],
}

export type App = Awaited<ReturnType<typeof createApp>>

/**
 * An HTTP server with what every one of ours has: security headers, problem bodies for whatever goes wrong, zod
 * schemas, limits on what a client may send and how long it may take. JSON is the one thing that is read.
 */
export async function createApp(options: AppOptions = {}) {
  const { logger, bodyLimit = 8 * MEGABYTE, corsOrigins = [], trustProxy = false } = options
  const { receiveTimeout = 30_000, sendTimeout = 30_000 } = options
  const app = fastify({
    loggerInstance: logger,
    bodyLimit,
    trustProxy,
    requestTimeout: receiveTimeout,
    connectionTimeout: sendTimeout,
    http: { headersTimeout: Math.min(receiveTimeout, 10_000), connectionsCheckingInterval: 1000 },
    // What was on its way when the server was told to go is answered too.
    return503OnClosing: false,
    // The log has one line a request, written by the service.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => crypto.randomUUID(),
    clientErrorHandler: refuseRaw,
    frameworkErrors: sendProblem,
  }).withTypeProvider<ZodTypeProvider>()
  const connections = new ClientConnections(app.server)
  app.addHook('preClose', async () => connections.close())
  app.addHook('onRequest', async (_request, { raw }) => connections.turn(raw))
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  // Other pages may post text without asking; JSON they may not.
  app.removeContentTypeParser('text/plain')
  readRequestJson(app)
  app.setErrorHandler(sendProblem)
  app.setNotFoundHandler((request, reply) => {
    const url = request.url.split('?')[0]
    const allowed = METHODS.filter((method) => app.hasRoute({ method, url }))
    if (allowed.length === 0)
      return sendProblem(new HttpProblem(404, `There is no ${request.method} ${showText(url)}.`), request, reply)
    reply.header('allow', allowed.join(', '))
    return sendProblem(
      new HttpProblem(405, `${url} takes ${allowed.join(' and ')}, not ${request.method}.`),
      request,
      reply,
    )
  })
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: CONTENT_SECURITY_POLICY },
    // Whether the server is reached over HTTPS is known to the proxy that makes it so.
    strictTransportSecurity: false,
    xFrameOptions: { action: 'deny' },
  })
  if (corsOrigins.length > 0)
    await app.register(cors, {
      origin: [...corsOrigins],
      methods: ['GET', 'POST'],
      maxAge: 600,
      strictPreflight: false,
    })
  return app
}

export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = asProblem(error)
  if (problem.status >= 500 && problem.status !== 503 && problem.status !== 504)
    request.log.error({ err: problem.more.cause ?? error }, 'request failed')
  if (problem.more.retryAfter !== undefined) reply.header('retry-after', Math.ceil(problem.more.retryAfter))
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send(problemBody(problem, request.id))
}

/** What is no HTTP, or takes too long to become it, has no request to reply to. */
function refuseRaw(error: Error & { readonly code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy()
  const [status, detail] = {
    ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time.'] as const,
    HPE_HEADER_OVERFLOW: [431, 'The headers are too large.'] as const,
  }[error.code ?? ''] ?? [400, 'This is no HTTP request.']
  const body = JSON.stringify(problemBody(new HttpProblem(status, detail)))
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
  // Destroyed at once, the connection would be reset, and the client might never read why.
  const lingering = setTimeout(() => socket.destroy(), LINGER).unref()
  socket.once('close', () => clearTimeout(lingering))
}

/** Milliseconds that a refused client has to read its answer and close. */
const LINGER = 1000

/**
 * Serves a page that was built from web/: its index.html at `/`, and the assets that pages share. Paths in it are
 * relative, so that it also works behind a proxy under any path.
 */
export async function servePage(app: App, built: string, page: string): Promise<void> {
  const html = await readFile(join(built, page, 'index.html'), 'utf8').catch((cause: Error) => {
    throw new SpanforgeError(`${join(built, page)}: the page is not there (${cause.message})`, {
      remedy: 'Build it with: npm run setup',
      cause,
    })
  })
  const atRoot = html.replaceAll('"../assets/', '"./assets/')
  app.get('/', { schema: { hide: true } }, (_request, reply) =>
    reply.type('text/html; charset=utf-8').header('cache-control', 'no-cache').send(atRoot),
  )
  await app.register(files, {
    root: join(built, 'assets'),
    prefix: '/assets/',
    // Their names hold a digest of their content.
    immutable: true,
    maxAge: '365d',
    index: false,
    decorateReply: false,
  })
}
