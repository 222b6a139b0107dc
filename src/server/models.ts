import { basename, dirname, resolve } from 'node:path'
import { UsageError } from '../errors.ts'
import type { EngineChoice } from '../runs/load/choose-engine.ts'
import { displayName, type HubChoice, modelFolder } from '../runs/load/load-model.ts'
import { Mutex } from '../threads/mutex.ts'
import { BatchQueue, type QueueOptions } from './batch-queue.ts'
import type { ModelInfo } from './contract.ts'
import { ModelThread } from './model-thread.ts'
import { HttpProblem } from './problem.ts'
import { RequestTokenizer } from './request-tokenizer.ts'

/** One loading of a model: its thread, its queue, its tokenizer, and how many requests use it. */
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
    mutex: Mutex,
    options: QueueOptions,
  ) {
    this.queue = new BatchQueue((rows) => mutex.runExclusive(() => thread.forward(rows)), options)
    this.requestTokenizer = new RequestTokenizer(thread.tokenizer)
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
      loaded: this.loaded.toISOString(),
      answer_settings: facts.settings,
    }
  }

  /** Keeps this loading until what is returned has been called. */
  hold(): () => void {
    this.users++
    let isHeld = true
    return () => {
      if (isHeld && --this.users === 0) this.retired?.()
      isHeld = false
    }
  }

  /** Frees everything once the last request that uses it is answered. */
  async retire(): Promise<void> {
    if (this.users > 0)
      await new Promise<void>((done) => {
        this.retired = done
      })
    await Promise.all([this.thread.end(), this.requestTokenizer.end()])
  }
}

export interface ModelSource {
  readonly id: string
  /** Folder, or name on the hub. */
  readonly source: string
}

export interface ModelsOptions {
  /** Of the queue of the model of that id. */
  readonly queueOptions: (id: string) => QueueOptions
  readonly hub?: HubChoice
  /** What computes. */
  readonly choice?: EngineChoice
  /** Whether folders are told to those who ask. */
  readonly tellsSources?: boolean
}

/** Characters. */
const PARAGRAPH = 1000

/** The models of a server, by id. Each may be loaded anew while it is in use. */
export class Models {
  private readonly models = new Map<string, ServedModel>()
  private readonly sources = new Map<string, string>()
  private readonly loading = new Map<string, Promise<ServedModel>>()
  /** Each pass wants all cores: models take turns. */
  private readonly mutex = new Mutex()

  constructor(private readonly options: ModelsOptions) {}

  get all(): readonly ServedModel[] {
    return [...this.models.values()]
  }

  /** Whether every model would accept a question about a paragraph now. */
  get haveRoom(): boolean {
    return this.all.every(({ queue }) => queue.hasRoom(PARAGRAPH))
  }

  get areAlive(): boolean {
    return this.all.length > 0 && this.all.every(({ thread }) => thread.isAlive)
  }

  /**
   * Loads a model and puts it in the place of the one of that id; requests that use the old one are answered by it.
   * Where the new one does not load, or does not work, the old one stays. A load of that id on its way is waited for.
   */
  async load({ id, source }: ModelSource): Promise<ServedModel> {
    const loading = this.loading.get(id) ?? this.replace(id, source).finally(() => this.loading.delete(id))
    this.loading.set(id, loading)
    return loading
  }

  /** @throws Problem 404 for an id that is none */
  async reload(id: string): Promise<ServedModel> {
    return this.load({ id, source: this.sources.get(this.get(id).id)! })
  }

  /** The model with this id (default: the first model). */
  get(id?: string): ServedModel {
    const model = id === undefined ? this.all[0] : this.models.get(id)
    if (model) return model
    const known = [...this.models.keys()].join(', ')
    throw new HttpProblem(404, `There is no model "${id?.slice(0, 100) ?? ''}"; there is ${known || 'none yet'}.`)
  }

  list(): ModelInfo[] {
    return this.all.map((model, index) => ({
      ...model.info,
      ...(this.options.tellsSources && { source: this.sources.get(model.id) }),
      default: index === 0,
    }))
  }

  async end(): Promise<void> {
    await Promise.all(this.all.map((model) => model.retire()))
  }

  private async replace(id: string, source: string): Promise<ServedModel> {
    const { hub, choice, queueOptions } = this.options
    const thread = await ModelThread.start(await modelFolder(source, hub), choice)
    const model = new ServedModel(id, displayName(source), thread, this.mutex, queueOptions(id))
    const old = this.models.get(id)
    this.models.set(id, model) // a Map keeps the place of a key that it has
    this.sources.set(id, source)
    void old?.retire()
    return model
  }
}

/**
 * Ids for models: `NAME=FOLDER` says it, else the name on the hub or the last part of the folder, with the part before
 * it where that alone would name two.
 * @throws UsageError for two models of one id
 */
export function modelSources(given: readonly string[]): ModelSource[] {
  const named = given.map((text) => {
    const [, id, source] = /^([\w.-]+)=(.+)$/.exec(text) ?? []
    return id ? { id, source: source, isGiven: true } : { id: displayName(text), source: text, isGiven: false }
  })
  const counts = new Map<string, number>()
  for (const { id } of named) counts.set(id, (counts.get(id) ?? 0) + 1)
  const sources = named.map(({ id, source, isGiven }) => {
    const isTold = isGiven || counts.get(id) === 1
    return { id: isTold ? id : `${basename(dirname(resolve(source)))}/${id}`, source }
  })
  const twice = sources.find(({ id }, index) => sources.findIndex((other) => other.id === id) < index)
  if (twice)
    throw new UsageError(
      `serve: two models go by the name ${twice.id}`,
      'Give each a name of its own: first=FOLDER second=FOLDER',
    )
  return sources
}
