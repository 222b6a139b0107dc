import { type ExportDtype, exportDtype } from '../../checkpoint/onnx-folder.ts'
import type { EngineChoice } from '../../runs/load/choose-engine.ts'
import { displayName, type HubChoice, modelFolder } from '../../runs/load/load-model.ts'
import type { ModelSource } from '../../runs/load/model-sources.ts'
import { isServed, type Promotions, readPromotions, servedFolders } from '../../runs/promote/promotions.ts'
import { SerialQueue } from '../../threads/serial-queue.ts'
import type { ModelInfo } from '../http/contract.ts'
import { HttpProblem } from '../http/problem.ts'
import { RequestTokenizer } from '../tokenizing/request-tokenizer.ts'
import { BatchQueue, type QueueOptions } from './batch-queue.ts'
import { ModelThread } from './model-thread.ts'
import { checkSpareMemory } from './spare-memory.ts'

/** The model that computed an answer. */
export interface ModelIdentity {
  readonly model: string
  readonly revision: string
}

/** A loaded model with its thread, queue and tokenizer. Counts the requests that use it. */
export class ServedModel {
  readonly queue: BatchQueue
  readonly requestTokenizer: RequestTokenizer
  readonly loaded = new Date()
  private users = 0
  private retired: (() => void) | undefined

  constructor(
    readonly id: string,
    readonly name: string,
    readonly thread: ModelThread,
    /** The promotions of its folder when it was loaded. */
    readonly promotions: Promotions,
    /** Describes the model to people who choose between models. */
    private readonly about: string | undefined,
    turns: SerialQueue,
    options: QueueOptions,
  ) {
    this.queue = new BatchQueue((rows) => turns.run(() => thread.forward(rows)), options)
    this.requestTokenizer = new RequestTokenizer(thread.tokenizer)
  }

  /** Says that it is not the model that was evaluated when it was promoted. */
  get promotionWarning(): string | undefined {
    const { folder, facts } = this.thread
    const promoted = this.promotions.models.findLast((model) => model.folder === folder)
    if (!promoted || promoted.revision === facts.revision) return undefined
    return `${folder}: has changed since it was promoted, or was promoted with another dtype`
  }

  /** Which model answers, for responses. */
  get identity(): ModelIdentity {
    return { model: this.id, revision: this.thread.facts.revision }
  }

  get info(): Omit<ModelInfo, 'default'> {
    const { facts, tokenizer } = this.thread
    const { layers, hidden_size, max_positions } = facts.geometry
    return {
      id: this.id,
      name: this.name,
      parameters: facts.parameters,
      layers,
      hidden_size,
      max_seq_length: Math.min(tokenizer.model_max_length, max_positions),
      device: facts.device,
      revision: facts.revision,
      loaded: this.loaded.toISOString(),
      answer_settings: facts.settings,
      about: this.about,
      ...(facts.exported && { exported: true }),
    }
  }

  /** Keeps the model loaded until the returned function is called. */
  hold(): () => void {
    this.users++
    let isHeld = true
    return () => {
      if (isHeld && --this.users === 0) this.retired?.()
      isHeld = false
    }
  }

  /** Releases all resources once the last request that uses the model has ended. */
  async retire(): Promise<void> {
    if (this.users > 0)
      await new Promise<void>((done) => {
        this.retired = done
      })
    await Promise.all([this.thread.end(), this.requestTokenizer.end()])
  }
}

export interface ModelsOptions {
  /** Returns the queue options of the model with this id. */
  readonly queueOptions: (id: string) => QueueOptions
  readonly hub?: HubChoice
  /** Engine and device. */
  readonly choice?: EngineChoice
  /** Whether `list` includes the folder or hub name of each model. */
  readonly showSources?: boolean
  /** Called if a promoted model cannot be loaded at startup, and one that was served before it is tried. */
  readonly onFallback?: (failure: { readonly id: string; readonly folder: string; readonly error: unknown }) => void
  /** Returns the bytes of memory that are available (default: to this process). */
  readonly availableMemory?: () => number
}

/** Characters in a typical paragraph. */
const PARAGRAPH = 1000

/** The models of a server by id. A model can be reloaded while it is in use. */
export class Models {
  private readonly models = new Map<string, ServedModel>()
  private readonly sources = new Map<string, ModelSource>()
  private readonly loading = new Map<string, Promise<ServedModel>>()
  private readonly next = new Map<string, Promise<ServedModel>>()
  /** Replaced models that still answer requests. */
  private readonly retiring = new Set<ServedModel>()
  /** Each pass uses all cores, so models take turns. */
  private readonly turns = new SerialQueue()

  constructor(private readonly options: ModelsOptions) {}

  get all(): readonly ServedModel[] {
    return [...this.models.values()]
  }

  /** All models in memory: also those that have been replaced and still answer requests. */
  get inMemory(): readonly ServedModel[] {
    return [...this.all, ...this.retiring]
  }

  /** Whether every model would currently accept a question about a paragraph. */
  get haveRoom(): boolean {
    return this.all.every(({ queue }) => queue.hasRoom(PARAGRAPH))
  }

  get areAlive(): boolean {
    return this.all.length > 0 && this.all.every(({ thread }) => thread.isAlive)
  }

  isLoading(id: string): boolean {
    return this.loading.has(id)
  }

  /**
   * Loads a model, or the one promoted in its place, and replaces the one with the same id. Requests in progress finish
   * with the old model, which stays in use if the new one fails to load. A call while the same id is being loaded loads
   * it once more afterwards, because its files may have changed since; such calls share one result.
   */
  load(source: ModelSource): Promise<ServedModel> {
    const { id } = source
    const running = this.loading.get(id)
    if (!running) {
      const loading = this.replace(source).finally(() => this.loading.delete(id))
      this.loading.set(id, loading)
      return loading
    }
    const again = async () => {
      await running.catch(() => {})
      this.next.delete(id)
      return this.load(source)
    }
    const next = this.next.get(id) ?? again()
    this.next.set(id, next)
    return next
  }

  /** @throws HttpProblem 404 for an unknown id */
  async reload(id: string): Promise<ServedModel> {
    return this.load(this.sources.get(this.get(id).id)!)
  }

  /** The model with this id (default: the first model). */
  get(id?: string): ServedModel {
    const model = id === undefined ? this.all[0] : this.models.get(id)
    if (model) return model
    const known = [...this.models.keys()].join(', ')
    throw new HttpProblem(404, `Unknown model "${id?.slice(0, 100) ?? ''}". Available models: ${known || 'none yet'}.`)
  }

  list(): ModelInfo[] {
    return this.all.map((model, index) => ({
      ...model.info,
      ...(this.options.showSources && { source: this.sources.get(model.id)?.source }),
      default: index === 0,
    }))
  }

  async end(): Promise<void> {
    await Promise.all(this.all.map((model) => model.retire()))
  }

  private async replace(given: ModelSource): Promise<ServedModel> {
    const { id, source } = given
    const { queueOptions } = this.options
    // Once models are promoted in place of a folder, its own model may be removed.
    const place = isServed(source) ? source : await this.folderOf(source)
    const promotions = await readPromotions(place)
    const old = this.models.get(id)
    const thread = old ? await this.openBeside(servedFolders(promotions)[0]) : await this.openFirst(id, promotions)
    const isGiven = thread.folder === place
    const name = displayName(isGiven ? source : thread.folder)
    const about = isGiven ? given.about : undefined
    const model = new ServedModel(id, name, thread, promotions, about, this.turns, queueOptions(id))
    this.models.set(id, model) // a Map keeps the position of an existing key
    this.sources.set(id, given)
    if (old) this.retire(old)
    return model
  }

  private retire(model: ServedModel): void {
    this.retiring.add(model)
    void model.retire().finally(() => this.retiring.delete(model))
  }

  private folderOf(source: string): Promise<string> {
    return modelFolder(source, { ...this.options.hub, dtype: this.dtype })
  }

  private get dtype(): ExportDtype | undefined {
    const { choice } = this.options
    return choice?.dtype ? exportDtype(choice.dtype) : undefined
  }

  private async openBeside(served: string): Promise<ModelThread> {
    const folder = await this.folderOf(served)
    await checkSpareMemory(folder, this.dtype, this.options.availableMemory?.())
    return ModelThread.open(folder, this.options.choice)
  }

  /** Opens the promoted model. If that fails, it opens the latest one served before it that works. */
  private async openFirst(id: string, promotions: Promotions): Promise<ModelThread> {
    const folders = servedFolders(promotions)
    const errors: unknown[] = []
    for (const served of folders)
      try {
        return await ModelThread.open(await this.folderOf(served), this.options.choice)
      } catch (error) {
        errors.push(error)
        if (errors.length < folders.length) this.options.onFallback?.({ id, folder: served, error })
      }
    throw errors[0]
  }
}
