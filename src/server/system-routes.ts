import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { packageVersion } from '../package-root.ts'
import type { App } from './app.ts'
import type { ServiceContext } from './context.ts'
import { HttpProblem } from './problem.ts'

/** Swagger UI writes styles into its elements; nothing of it comes from elsewhere. */
const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const Status = z.object({ status: z.string() })

/** Whether the process must be restarted, and whether it should be sent requests: for containers and load balancers. */
export function healthRoutes(app: App, { models, isReady }: ServiceContext): void {
  const checkModels = () => {
    if (!models.areAlive) throw new HttpProblem(503, 'A model has stopped working.', { retryAfter: 5 })
  }

  app.get(
    '/health',
    { schema: { operationId: 'health', tags: ['Operation'], summary: 'All models work', response: { 200: Status } } },
    async () => {
      checkModels()
      return { status: 'ok' }
    },
  )
  app.get(
    '/ready',
    {
      schema: {
        operationId: 'ready',
        tags: ['Operation'],
        summary: 'All models answer, and accept requests',
        response: { 200: Status },
      },
    },
    async () => {
      if (!isReady()) throw new HttpProblem(503, 'The server is going down.', { retryAfter: 5 })
      checkModels()
      if (!models.haveRoom) throw new HttpProblem(503, 'The server is overloaded.', { retryAfter: 1 })
      return { status: 'ready' }
    },
  )
}

export function metricsRoute(app: App, { metrics }: ServiceContext): void {
  app.get(
    '/metrics',
    { schema: { operationId: 'metrics', tags: ['Operation'], summary: 'For Prometheus', produces: ['text/plain'] } },
    async (_request, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  )
}

/** /openapi.json and /docs, of the routes that are added afterwards. */
export async function documentation(app: App, asksForToken: boolean): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'spanforge',
        version: packageVersion(),
        description:
          'Answers to questions, found in texts. Positions count UTF-16 units, so that `context.slice(start, end)` ' +
          'is the answer in JavaScript; Python slices by code points, which the routes of Hugging Face count.',
      },
      tags: ['Answers', 'Models', 'Hugging Face', 'Operation'].map((name) => ({ name })),
      ...(asksForToken && {
        components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
        security: [{ token: [] }],
      }),
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  })
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    transformStaticCSP: () => DOCS_POLICY,
    uiConfig: { layout: 'BaseLayout' },
  })
}
