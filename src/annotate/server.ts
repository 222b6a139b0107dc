import type { FastifyBaseLogger } from 'fastify'
import type { EngineChoice } from '../runs/load/choose-engine.ts'
import type { HubChoice } from '../runs/load/load-model.ts'
import { modelSources } from '../runs/load/model-sources.ts'
import { SERVER_DEFAULTS } from '../server/defaults.ts'
import { createApp, type HttpApp } from '../server/http/app.ts'
import { documentation } from '../server/http/documentation.ts'
import { checkAddress, closeGracefully, isLoopback, listen } from '../server/http/listen.ts'
import { Models } from '../server/models/models.ts'
import { SHARED, SharedLimit } from '../server/security/shared-limit.ts'
import { annotationPage, type PageParts, requireTokens } from './http/page.ts'
import type { Project } from './project/project.ts'
import { Suggestions } from './suggestions.ts'

export const ANNOTATE_PORT = 8010

export interface AnnotateOptions {
  readonly host?: string
  /** Port to listen on; 0 for any free port. */
  readonly port?: number
  /** Accepted tokens. Required unless only this machine can reach the server. */
  readonly tokens?: readonly string[]
  /** Folder or hub name of a model that suggests answers. */
  readonly model?: string
  readonly hub?: HubChoice
  /** Engine and device. */
  readonly choice?: EngineChoice
  readonly log: FastifyBaseLogger
}

export interface AnnotationServer {
  /** URL to open in a browser. */
  readonly address: string
  /** Stops accepting requests and answers those in progress. The project stays open. */
  close(): Promise<void>
}

/**
 * Serves the page on which a project is annotated.
 * @throws UsageError if other machines could reach it without a token, or the address is not available
 */
export async function startAnnotating(project: Project, options: AnnotateOptions): Promise<AnnotationServer> {
  const { host = SERVER_DEFAULTS.host, port = ANNOTATE_PORT, tokens = [], log } = options
  requireTokens(isLoopback(host), tokens)
  await checkAddress({ host, port })
  const models = createModels(options)
  let suggestions: Suggestions | undefined
  try {
    if (options.model !== undefined) {
      const model = await models.load(modelSources([options.model])[0])
      suggestions = new Suggestions(
        () => models.get(model.id),
        project.state,
        (error) => log.warn({ err: error }, 'the model cannot answer a question'),
      )
      suggestions.start()
    }
    const app = await createAnnotationApp(project, { suggestions, tokens, host, log })
    const address = await listen(app, { host, port })
    return {
      address,
      async close() {
        try {
          await closeGracefully(app, 1000 * SERVER_DEFAULTS.grace, log)
        } finally {
          await suggestions?.end()
          await models.end()
        }
      },
    }
  } catch (error) {
    await suggestions?.end()
    await models.end()
    throw error
  }
}

function createModels({ hub, choice }: AnnotateOptions): Models {
  const { max_requests, batch_tokens, batch_wait, max_context, max_windows } = SERVER_DEFAULTS
  const texts = new SharedLimit(SHARED * max_context)
  const windows = new SharedLimit(SHARED * max_windows)
  const queue = { max_tokens: batch_tokens, wait: batch_wait, max_requests, texts, windows }
  return new Models({ queueOptions: () => queue, hub, choice })
}

/** Maximum size of an imported file, in bytes. */
const BODY_LIMIT = 64 * 2 ** 20

async function createAnnotationApp(project: Project, parts: PageParts): Promise<HttpApp> {
  const app = await createApp({ logger: parts.log, bodyLimit: BODY_LIMIT })
  app.decorateRequest('client', '')
  await documentation(app, {
    title: 'spanforge annotate',
    description: 'Annotation of documents. Positions are UTF-16 offsets in the text of a passage.',
    tags: ['Project', 'Passages', 'Annotation'],
    requiresToken: parts.tokens.length > 0,
  })
  await annotationPage(app, project, parts)
  return app
}
