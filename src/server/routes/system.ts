import { z } from 'zod'
import type { HttpApp } from '../http/app.ts'
import { HttpProblem } from '../http/problem.ts'
import type { ServiceContext } from './context.ts'

const Status = z.object({ status: z.string() })

const Health = Status.extend({
  question_log: z
    .enum(['ok', 'full', 'failing'])
    .optional()
    .describe('Whether questions are kept, if the server has a question log. Answers do not depend on it.'),
})

/** Routes for containers and load balancers: whether the process is alive, and whether it accepts requests. */
export function healthRoutes(app: HttpApp, { models, questionLog, isReady }: ServiceContext): void {
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
        response: { 200: Health },
      },
    },
    async () => {
      checkModels()
      return { status: 'ok', ...(questionLog && { question_log: questionLog.status }) }
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
