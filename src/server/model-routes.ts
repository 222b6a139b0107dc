import { z } from 'zod'
import type { App } from './app.ts'
import type { ServiceContext } from './context.ts'
import { ModelInfo, ModelList } from './contract.ts'
import { HttpProblem } from './problem.ts'
import { failures } from './route-schemas.ts'

/** Which models there are, and loading one anew. */
export function modelRoutes(app: App, { models, limits, mayReload }: ServiceContext): void {
  app.get(
    '/api/models',
    {
      schema: {
        operationId: 'models',
        tags: ['Models'],
        summary: 'The models that are loaded, and what a request may hold',
        response: { 200: ModelList, 401: failures[401] },
      },
    },
    async () => ({ models: models.list(), limits }),
  )

  const schema = {
    operationId: 'reload',
    tags: ['Models'],
    summary: 'Load a model anew from where it came from',
    description:
      'For a folder whose files have been replaced. Requests in work are answered by the old weights; where the new ' +
      'ones do not load the old ones stay. Only for servers that ask for a token. An id with a slash has two parts.',
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
      throw new HttpProblem(403, 'This server asks for no token, and so lets nobody load models.', {
        remedy: 'Start it with a token, or send the process SIGHUP.',
      })
    await models.reload(id)
    return models.list().find((model) => model.id === id)!
  }
}
