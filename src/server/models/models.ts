import { exportDtype } from '../../checkpoint/onnx-folder.ts'
import type { EngineChoice } from '../../runs/load/choose-engine.ts'
import { displayName, type HubChoice, modelFolder } from '../../runs/load/load-model.ts'
import type { ModelSource } from '../../runs/load/model-sources.ts'
import { SerialQueue } from '../../threads/serial-queue.ts'
import type { ModelInfo } from '../http/contract.ts'
import { HttpProblem } from '../http/problem.ts'
import { RequestTokenizer } from '../tokenizing/request-tokenizer.ts'
import { BatchQueue, type QueueOptions } from './batch-queue.ts'
import { ModelThread } from './model-thread.ts'

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
    turns: SerialQueue,
    options: QueueOptions,
  ) {
    this.queue = new BatchQueue((rows) => turns.run(() => thread.forward(rows)), options)
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
}

/** Characters in a typical paragraph. */
const PARAGRAPH = 1000

/** The models of a server by id. A model can be reloaded while it is in use. */
export class Models {
  private readonly models = new Map<string, ServedModel>()
  private readonly sources = new Map<string, string>()
  private readonly loading = new Map<string, Promise<ServedModel>>()
  /** Each pass uses all cores, so models take turns. */
  private readonly turns = new SerialQueue()

  constructor(private readonly options: ModelsOptions) {}

  get all(): readonly ServedModel[] {
    return [...this.models.values()]
  }

  /** Whether every model would currently accept a question about a paragraph. */
  get haveRoom(): boolean {
    return this.all.every(({ queue }) => queue.hasRoom(PARAGRAPH))
  }

  get areAlive(): boolean {
    return this.all.length > 0 && this.all.every(({ thread }) => thread.isAlive)
  }

  /**
   * Loads a model and replaces the one with the same id. Requests in progress finish with the old model, which stays in
   * use if the new one fails to load. Concurrent loads of the same id share one result.
   */
  async load({ id, source }: ModelSource): Promise<ServedModel> {
    const loading = this.loading.get(id) ?? this.replace(id, source).finally(() => this.loading.delete(id))
    this.loading.set(id, loading)
    return loading
  }

  /** @throws HttpProblem 404 for an unknown id */
  async reload(id: string): Promise<ServedModel> {
    return this.load({ id, source: this.sources.get(this.get(id).id)! })
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
      ...(this.options.showSources && { source: this.sources.get(model.id) }),
      default: index === 0,
    }))
  }

  async end(): Promise<void> {
    await Promise.all(this.all.map((model) => model.retire()))
  }

  private async replace(id: string, source: string): Promise<ServedModel> {
    const { hub, choice, queueOptions } = this.options
    const dtype = choice?.dtype ? exportDtype(choice.dtype) : undefined
    const thread = await ModelThread.open(await modelFolder(source, { ...hub, dtype }), choice)
    const model = new ServedModel(id, displayName(source), thread, this.turns, queueOptions(id))
    const old = this.models.get(id)
    this.models.set(id, model) // a Map keeps the position of an existing key
    this.sources.set(id, source)
    void old?.retire()
    return model
  }
}
