import type { FastifyBaseLogger } from 'fastify'
import { UsageError } from '../../errors.ts'
import { packageFile } from '../../package-root.ts'
import { type HttpApp, sendProblem, servePage } from '../../server/http/app.ts'
import { HttpProblem } from '../../server/http/problem.ts'
import { bearerTokens } from '../../server/security/client.ts'
import { checkHost, isFromOwnPage } from '../../server/security/own-page.ts'
import { showValue } from '../../show-value.ts'
import type { Project } from '../project/project.ts'
import type { Suggestions } from '../suggestions.ts'
import { annotationRoutes } from './routes.ts'

export interface PageParts {
  readonly suggestions?: Suggestions
  readonly tokens: readonly string[]
  readonly host: string
  readonly log: FastifyBaseLogger
  /** Called before the state of the project is shown. */
  readonly onShow?: () => void
}

/** @throws UsageError if others could read and change a project without a token */
export function requireTokens(isPrivate: boolean, tokens: readonly string[]): void {
  if (isPrivate || tokens.length > 0) return
  throw new UsageError(
    'annotate: a server that others can reach requires a token, because they could read and change the project',
    'Add --token_file, or omit --host and --trust_proxy to serve this machine only.',
  )
}

/** Adds the page and its routes. Requests must have a `client`, see `identifyClients`. */
export async function annotationPage(app: HttpApp, project: Project, parts: PageParts): Promise<void> {
  const { suggestions, tokens, host, onShow } = parts
  // Without tokens, every request that a browser sends to this machine would be accepted, from any page.
  if (tokens.length === 0)
    app.addHook('onRequest', async (request) => {
      checkHost(request, [host.toLowerCase()], '--host')
      const { origin } = request.headers
      if (origin === undefined || isFromOwnPage(request)) return
      throw new HttpProblem(403, `Origin: found ${showValue(origin)}, expected the page of this server.`)
    })
  await servePage(app, packageFile('dist/web'), 'annotate')
  await app.register(async (inner) => {
    const guarded = inner as unknown as HttpApp
    guarded.setErrorHandler(sendProblem)
    if (tokens.length > 0) guarded.addHook('onRequest', bearerTokens(tokens))
    annotationRoutes(guarded, { project, suggestions, onShow })
  })
}
