import { readFile } from 'node:fs/promises'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import files from '@fastify/static'
import fastify, { type FastifyBaseLogger, type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { SpanforgeError } from '../../errors.ts'
import { showText } from '../../show-value.ts'
import { ClientConnections } from './connections.ts'
import { asProblem, HttpProblem } from './problem.ts'
import { problemBody } from './remedies.ts'
import { readRequestJson, validatorCompiler } from './request-json.ts'

export interface AppOptions {
  /** Logger (default: no logging). */
  readonly logger?: FastifyBaseLogger
  /** Maximum size of a request body, in bytes. */
  readonly bodyLimit?: number
  /** Origins allowed by CORS, such as `https://example.org` (default: none). */
  readonly corsOrigins?: readonly string[]
  /** Proxies whose X-Forwarded-For header is trusted. */
  readonly trustProxy?: boolean | string
  /** Milliseconds within which a client must send a whole request, headers and body. */
  readonly receiveTimeout?: number
  /** Milliseconds after which a client that does not read its response is disconnected. */
  readonly sendTimeout?: number
}

const MEGABYTE = 2 ** 20

const METHODS = ['GET', 'HEAD', 'POST'] as const

/** Pages load resources from this server only and cannot be framed by other sites. */
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

export type HttpApp = Awaited<ReturnType<typeof createApp>>

/**
 * Creates an HTTP server with everything our servers share: security headers, problem+json errors, zod schemas, and
 * limits on the size and duration of requests. It accepts only JSON bodies.
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
    // Requests that were in flight when the server started to shut down are still answered.
    return503OnClosing: false,
    // The service writes its own log line for each request.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => crypto.randomUUID(),
    clientErrorHandler: rejectRaw,
    frameworkErrors: sendProblem,
  }).withTypeProvider<ZodTypeProvider>()
  const connections = new ClientConnections(app.server)
  app.addHook('preClose', async () => connections.close())
  app.addHook('onRequest', async (_request, { raw }) => connections.turn(raw))
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  // Cross-origin pages can post text/plain without a preflight request, but not JSON.
  app.removeContentTypeParser('text/plain')
  readRequestJson(app)
  app.setErrorHandler(sendProblem)
  app.setNotFoundHandler((request, reply) => {
    const url = request.url.split('?')[0]
    const allowed = METHODS.filter((method) => app.hasRoute({ method, url }))
    if (allowed.length === 0)
      return sendProblem(new HttpProblem(404, `Not found: ${request.method} ${showText(url)}.`), request, reply)
    reply.header('allow', allowed.join(', '))
    return sendProblem(
      new HttpProblem(405, `Method ${request.method} is not allowed at ${url}. Allowed: ${allowed.join(', ')}.`),
      request,
      reply,
    )
  })
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: CONTENT_SECURITY_POLICY },
    // Only the proxy that terminates TLS knows whether clients use HTTPS.
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

/** Answers input that never became a valid HTTP request, so there is no reply object to use. */
function rejectRaw(error: Error & { readonly code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy()
  const [status, detail] = {
    ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time.'] as const,
    HPE_HEADER_OVERFLOW: [431, 'The headers are too large.'] as const,
  }[error.code ?? ''] ?? [400, 'Malformed HTTP request.']
  const body = JSON.stringify(problemBody(new HttpProblem(status, detail)))
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
  // Destroying the socket immediately would reset the connection, and the client might never read the error.
  const lingering = setTimeout(() => socket.destroy(), LINGER).unref()
  socket.once('close', () => clearTimeout(lingering))
}

/** Milliseconds that a rejected client has to read the error and close the connection. */
const LINGER = 1000

/**
 * Serves a page built from web/: its index.html at `/` and the shared assets. Its paths are relative, so that it works
 * behind a proxy under any path.
 */
export async function servePage(app: HttpApp, built: string, page: string): Promise<void> {
  const html = await readFile(join(built, page, 'index.html'), 'utf8').catch((cause: Error) => {
    throw new SpanforgeError(`${join(built, page)}: page not found (${cause.message})`, {
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
    // File names contain a hash of the content.
    immutable: true,
    maxAge: '365d',
    index: false,
    decorateReply: false,
  })
}

/** Serves the answer box for pages of other sites. */
export async function serveAnswerBox(app: HttpApp, built: string): Promise<void> {
  const script = await readFile(join(built, 'site-files/answer-box.js'), 'utf8')
  app.get('/answer-box.js', { schema: { hide: true } }, (_request, reply) =>
    reply.type('text/javascript; charset=utf-8').header('cache-control', 'no-cache').send(script),
  )
}
