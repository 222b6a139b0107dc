import type { FastifyBaseLogger } from 'fastify'
import { z } from 'zod'
import type { HttpApp } from '../http/app.ts'
import { failures, ModelInfo, ModelList } from '../http/contract.ts'
import { HttpProblem } from '../http/problem.ts'
import { logLoaded } from '../models/promotion-watch.ts'
import type { ServiceContext } from './context.ts'

/** Routes that list and reload models. */
export function modelRoutes(
  app: HttpApp,
  { models, limits, mayReload, index, questionLog, hasAnnotation }: ServiceContext,
): void {
  app.get(
    '/api/models',
    {
      schema: {
        operationId: 'models',
        tags: ['Models'],
        summary: 'List the loaded models and the request limits',
        response: { 200: ModelList, 401: failures[401] },
      },
    },
    async () => ({
      models: models.list(),
      limits,
      ...(hasAnnotation && { annotate: 'annotate/' }),
      ...(questionLog && { question_log: { confidence_below: questionLog.below } }),
      ...(index && { index: { documents: index.facts.documents, passages: index.facts.passages } }),
    }),
  )

  const schema = {
    operationId: 'reload',
    tags: ['Models'],
    summary: 'Reload a model from its source',
    description:
      'Use it after replacing the files of a model folder. It also loads a model that `spanforge promote` has put in its ' +
      'place. Requests in progress finish with the old weights. If the new weights fail to load, or do not fit into ' +
      'memory beside the old ones, the old ones stay in use. Requires a server with tokens.',
    response: { 200: ModelInfo, ...failures },
  }
  app.post(
    '/api/models/:id/reload',
    { schema: { ...schema, params: z.object({ id: z.string() }) } },
    ({ params, log }) => reload(params.id, log),
  )
  app.post(
    '/api/models/:owner/:name/reload',
    { schema: { ...schema, operationId: 'reloadByOwner', params: z.object({ owner: z.string(), name: z.string() }) } },
    ({ params, log }) => reload(`${params.owner}/${params.name}`, log),
  )

  async function reload(id: string, log: FastifyBaseLogger): Promise<ModelInfo> {
    if (!mayReload)
      throw new HttpProblem(403, 'Reloading models requires a server with tokens.', {
        remedy: 'Start the server with --token_file, or send SIGHUP to the process.',
      })
    logLoaded(log, await models.reload(id), 'model reloaded')
    return models.list().find((model) => model.id === id)!
  }
}
