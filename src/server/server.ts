import type { FastifyBaseLogger } from 'fastify'
import { packageFile } from '../package-root.ts'
import type { EngineChoice } from '../runs/load/choose-engine.ts'
import type { HubChoice } from '../runs/load/load-model.ts'
import { type ModelSource, modelSources } from '../runs/load/model-sources.ts'
import { ServedIndex } from './collection/served-index.ts'
import type { ServerSettings } from './defaults.ts'
import type { HttpApp } from './http/app.ts'
import { checkAddress, closeGracefully, isLoopback, listen } from './http/listen.ts'
import { Metrics } from './models/metrics.ts'
import { Models } from './models/models.ts'
import { logLoaded, PromotionWatch } from './models/promotion-watch.ts'
import { QuestionLog } from './question-log/question-log.ts'
import { SHARED, SharedLimit } from './security/shared-limit.ts'
import { createService } from './service.ts'

export interface ServerOptions extends ServerSettings {
  readonly tokens?: readonly string[]
  readonly log: FastifyBaseLogger
  readonly hub?: HubChoice
  /** Engine and device. */
  readonly choice?: EngineChoice
  /** Folder of an index of documents to answer from. */
  readonly index?: string
  /** Adds the annotation page to `app`, which has the prefix /annotate. */
  readonly annotate?: (app: HttpApp, models: Models) => Promise<void>
}

export interface RunningServer {
  /** URL to open in a browser. */
  readonly address: string
  /** Whether the server listens on a loopback address only. */
  readonly isLocal: boolean
  readonly models: Models
  /** The question log, if the server keeps one. */
  readonly questionLog?: { readonly path: string; readonly below: number }
  /**
   * Reloads the models and the index one by one. If one fails to load, the error is logged and the old one stays in use.
   */
  reloadAll(): Promise<void>
  /** Stops accepting requests, answers those in progress and releases the models. */
  close(): Promise<void>
}

/** Whether only this machine can reach the server. Remote clients, also those behind a proxy, must not see folders. */
export const isPrivate = ({ host, trust_proxy }: Pick<ServerSettings, 'host' | 'trust_proxy'>): boolean =>
  isLoopback(host) && !trust_proxy

/** @throws SpanforgeError if the file cannot be used */
async function openQuestionLog(
  { log_questions: path, log_below: below, log_max_size, log }: ServerOptions,
  metrics: Metrics,
): Promise<QuestionLog | undefined> {
  if (path === undefined) return undefined
  return QuestionLog.open({ path, below, maxBytes: log_max_size * 2 ** 20, log, metrics })
}

/**
 * Loads models, given as sources, folders, hub names or NAME=FOLDER, and serves them together with the playground.
 * @throws SpanforgeError if a model fails to load or the address is not available; everything is released before
 */
export async function startServer(
  given: readonly (string | ModelSource)[],
  options: ServerOptions,
): Promise<RunningServer> {
  const { log, batch_tokens, batch_wait, max_requests, hub, choice } = options
  const sources = modelSources(given)
  await checkAddress(options)
  const metrics = new Metrics()
  const texts = new SharedLimit(SHARED * options.max_context)
  const windows = new SharedLimit(SHARED * options.max_windows)
  const models = new Models({
    queueOptions(id) {
      const limits = { max_requests, texts, windows }
      return { max_tokens: batch_tokens, wait: batch_wait, ...limits, onPass: metrics.onPass(id) }
    },
    hub,
    choice,
    showSources: isPrivate(options),
    onFallback: ({ id, folder, error }) =>
      log.error(
        { model: id, folder, err: error },
        'failed to load the promoted model; trying the one served before it',
      ),
  })
  metrics.watch(models)
  let index: ServedIndex | undefined
  let questionLog: QuestionLog | undefined
  try {
    questionLog = await openQuestionLog(options, metrics)
    if (options.index !== undefined) index = await ServedIndex.open(options.index)
    for (const source of sources) logLoaded(log, await models.load(source), 'model loaded')
    const app = await createService({
      models,
      metrics,
      index,
      questionLog,
      annotate: options.annotate && ((inner) => options.annotate!(inner, models)),
      logger: log,
      tokens: options.tokens,
      corsOrigins: options.cors,
      rateLimit: options.rate_limit,
      trustProxy: options.trust_proxy,
      bodyLimit: options.max_body * 2 ** 20,
      limits: { question: options.max_question, context: options.max_context, windows: options.max_windows },
      timeout: options.timeout * 1000,
      pages: packageFile('dist/web'),
    })
    const address = await listen(app, options)
    const promotions = new PromotionWatch(models, log)
    return {
      address,
      isLocal: isLoopback(options.host),
      models,
      ...(options.log_questions !== undefined && {
        questionLog: { path: options.log_questions, below: options.log_below },
      }),
      async reloadAll() {
        for (const { id } of models.all)
          await models.reload(id).then(
            (model) => logLoaded(log, model, 'model reloaded'),
            (error) => log.error({ model: id, err: error }, 'failed to reload the model; the old one stays in use'),
          )
        await index?.reload().then(
          () => log.info('index reloaded'),
          (error) => log.error({ err: error }, 'failed to reload the index; the old one stays in use'),
        )
      },
      async close() {
        try {
          await closeGracefully(app, options.grace * 1000, log)
        } finally {
          await promotions.end()
          await index?.end()
          await models.end()
          await questionLog?.close()
        }
      },
    }
  } catch (error) {
    await index?.end()
    await models.end()
    await questionLog?.close()
    throw error
  }
}
