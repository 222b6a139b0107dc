import type { FastifyBaseLogger } from 'fastify'
import { readPromotionsText } from '../../runs/promote/promotions.ts'
import type { Models, ServedModel } from './models.ts'

/** Milliseconds between two checks of the promotions. Notifications of file systems do not work over networks. */
const INTERVAL = 1000

/** Loads promoted models as soon as they are recorded in the folders of the served ones. */
export class PromotionWatch {
  /** The promotions that were tried last, by model id, so that a model that cannot be loaded is tried only once. */
  private readonly tried = new Map<string, string>()
  private readonly timer: NodeJS.Timeout
  private looking: Promise<void> | undefined

  constructor(
    private readonly models: Models,
    private readonly log: FastifyBaseLogger,
  ) {
    this.timer = setInterval(() => {
      this.looking ??= this.look().finally(() => {
        this.looking = undefined
      })
    }, INTERVAL).unref()
  }

  /** Stops watching, after a load in progress. */
  async end(): Promise<void> {
    clearInterval(this.timer)
    await this.looking
  }

  private async look(): Promise<void> {
    for (const model of this.models.all) if (await this.wasPromoted(model)) await this.load(model.id)
  }

  private async wasPromoted({ id, promotions }: ServedModel): Promise<boolean> {
    const text = await readPromotionsText(promotions.place).catch(() => '')
    // A reload in progress has read the promotions already, or will be followed by another look.
    if (this.models.isLoading(id) || text === '' || text === promotions.text || text === this.tried.get(id))
      return false
    this.tried.set(id, text)
    return true
  }

  private async load(id: string): Promise<void> {
    try {
      logLoaded(this.log, await this.models.reload(id), 'promoted model loaded')
    } catch (error) {
      this.log.error({ model: id, err: error }, 'failed to load the promoted model; the old one stays in use')
    }
  }
}

/** Logs that a model was loaded, and any warnings about it. */
export function logLoaded(log: FastifyBaseLogger, model: ServedModel, message: string): void {
  const { thread, identity, promotionWarning } = model
  log.info({ ...identity, folder: thread.folder }, message)
  for (const warning of [thread.facts.warning, promotionWarning]) if (warning) log.warn({ ...identity }, warning)
}
