import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { packageVersion } from '../../package-root.ts'
import type { HttpApp } from '../http/app.ts'
import { HttpProblem } from '../http/problem.ts'
import type { ServiceContext } from './context.ts'

/** Content security policy of /docs: Swagger UI needs inline styles, but loads nothing from other servers. */
const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const Status = z.object({ status: z.string() })

/** Routes for containers and load balancers: whether the process is alive, and whether it accepts requests. */
export function healthRoutes(app: HttpApp, { models, isReady }: ServiceContext): void {
  const checkModels = () => {
    if (!models.areAlive) throw new HttpProblem(503, 'A model has stopped working.', { retryAfter: 5 })
  }

  app.get(
    '/health',
    {
      schema: {
        operationId: 'health',
        tags: ['Operation'],
        summary: 'Check that all models are alive',
        response: { 200: Status },
      },
    },
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
        summary: 'Check that all models are alive and accept requests',
        response: { 200: Status },
      },
    },
    async () => {
      if (!isReady()) throw new HttpProblem(503, 'The server is shutting down.', { retryAfter: 5 })
      checkModels()
      if (!models.haveRoom) throw new HttpProblem(503, 'The server is overloaded.', { retryAfter: 1 })
      return { status: 'ready' }
    },
  )
}

export function metricsRoute(app: HttpApp, { metrics }: ServiceContext): void {
  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'metrics',
        tags: ['Operation'],
        summary: 'Metrics for Prometheus',
        produces: ['text/plain'],
      },
    },
    async (_request, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  )
}

/** Serves /openapi.json and /docs for the routes that are added afterwards. */
export async function documentation(app: HttpApp, requiresToken: boolean): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'spanforge',
        version: packageVersion(),
        description:
          'Extractive question answering. Positions are UTF-16 offsets, so in JavaScript `context.slice(start, end)` ' +
          'is the answer. The Hugging Face routes count code points instead, as Python does.',
      },
      tags: ['Answers', 'Documents', 'Models', 'Hugging Face', 'Operation'].map((name) => ({ name })),
      ...(requiresToken && {
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
