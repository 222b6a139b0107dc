import { z } from 'zod'
import type { HttpApp } from '../http/app.ts'
import { failures, ModelInfo, ModelList } from '../http/contract.ts'
import { HttpProblem } from '../http/problem.ts'
import type { ServiceContext } from './context.ts'

/** Routes that list and reload models. */
export function modelRoutes(app: HttpApp, { models, limits, mayReload, index, questionLog }: ServiceContext): void {
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
      ...(questionLog && { question_log: { confidence_below: questionLog.below } }),
      ...(index && { index: { documents: index.facts.documents, passages: index.facts.passages } }),
    }),
  )

  const schema = {
    operationId: 'reload',
    tags: ['Models'],
    summary: 'Reload a model from its source',
    description:
      'Use it after replacing the files of a model folder. Requests in progress finish with the old weights. If the ' +
      'new weights fail to load, the old ones stay in use. Requires a server with tokens.',
    response: { 200: ModelInfo, ...failures },
  }
  app.post('/api/models/:id/reload', { schema: { ...schema, params: z.object({ id: z.string() }) } }, ({ params }) =>
    reload(params.id),
  )
  app.post(
    '/api/models/:owner/:name/reload',
    { schema: { ...schema, operationId: 'reloadByOwner', params: z.object({ owner: z.string(), name: z.string() }) } },
    ({ params }) => reload(`${params.owner}/${params.name}`),
  )

  async function reload(id: string): Promise<ModelInfo> {
    if (!mayReload)
      throw new HttpProblem(403, 'Reloading models requires a server with tokens.', {
        remedy: 'Start the server with --token_file, or send SIGHUP to the process.',
      })
    await models.reload(id)
    return models.list().find((model) => model.id === id)!
  }
}
