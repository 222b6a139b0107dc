import type { BatchRequest, ModelList, StreamEvent } from '../../src/server/http/contract.ts'
import { indexFiles, type SiteManifest, type SiteModel, weightsRevision } from '../../src/site/manifest.ts'
import { type Backend, type DocumentsBackend, ServiceError } from '../playground/backend.ts'
import { ReaderFailure } from '../workers/messages.ts'
import { ReaderClient, type ReaderEvents } from '../workers/reader-client.ts'
import { type BrowserRuntime, inWebAssembly } from './runtime.ts'

export interface WorkerBackendOptions {
  readonly base: string
  readonly manifest: SiteManifest
  readonly runtime: BrowserRuntime
  readonly keepsFiles: boolean
  readonly events: ReaderEvents
  /** Called once a model is loaded, or has failed to load. */
  readonly onLoaded: (model: string) => void
  /** Called if WebGPU fails and WebAssembly is used instead. */
  readonly onFallback: (runtime: BrowserRuntime) => void
}

/** Limits far above what a person asks at once. The page divides more questions into several requests. */
const LIMITS: ModelList['limits'] = {
  question: 10_000,
  context: Number.MAX_SAFE_INTEGER,
  questions: 100,
  windows: 10_000,
}

/** A worker and the runtime that it uses. */
interface Current {
  readonly reader: ReaderClient
  readonly runtime: BrowserRuntime
}

export interface WorkerBackend extends Backend {
  load(model: string): Promise<void>
  /** Paths of the files that a model requires with the current runtime, and those of the index. */
  files(model: string): string[]
}

/** Answers by models in a worker of this page. */
export function workerBackend(options: WorkerBackendOptions): WorkerBackend {
  const { base, manifest, keepsFiles, events } = options
  let current = start(options.runtime)
  const loading = new Map<string, Promise<void>>()
  /** Models whose progress is shown. Other downloads may continue when one has failed. */
  const inProgress = new Set<string>()

  function start(runtime: BrowserRuntime): Current {
    const script = new URL(manifest.runtimes[runtime.name].reader.path, base).href
    const settings = { base, manifest, threads: runtime.threads, keepsFiles }
    const worker = new Worker(script, { type: 'module' })
    return { reader: new ReaderClient(worker, settings, { ...events, onProgress }, script), runtime }
  }

  /**
   * Starts a new worker if the given one has ended or its runtime has failed, with WebAssembly instead of WebGPU: drivers of
   * graphics adapters can fail at any time. Returns whether a request may succeed there.
   */
  function recover({ reader, runtime }: Current, error: unknown): boolean {
    if (!(error instanceof ReaderFailure) || !(error.isRuntime || reader.failure)) return false
    const isGpu = runtime.name === 'webgpu' && error.isRuntime
    if (reader === current.reader) {
      reader.end(error)
      loading.clear()
      current = start(isGpu ? inWebAssembly('WebGPU has failed with this graphics adapter.') : runtime)
      if (isGpu) options.onFallback(current.runtime)
    }
    if (isGpu) console.warn('WebGPU failed:', error)
    return isGpu
  }

  function onProgress(model: string, done: number, total: number): void {
    if (inProgress.has(model)) events.onProgress?.(model, done, total)
  }

  async function load(model: string): Promise<void> {
    const used = current
    try {
      await used.reader.load(model)
    } catch (error) {
      if (!recover(used, error)) throw error
      await load(model)
    }
  }

  /** Loads a model once. A failed load can be repeated. */
  function loaded(model: string): Promise<void> {
    recover(current, current.reader.failure)
    const known = loading.get(model)
    if (known) return known
    inProgress.add(model)
    const promise = load(model).finally(() => {
      inProgress.delete(model)
      options.onLoaded(model)
    })
    loading.set(model, promise)
    promise.catch(() => loading.get(model) === promise && loading.delete(model))
    return promise
  }

  async function* answers(request: BatchRequest, signal: AbortSignal): AsyncGenerator<StreamEvent> {
    await loaded(request.model!)
    const used = current
    try {
      yield* used.reader.ask(request, signal)
    } catch (error) {
      signal.throwIfAborted()
      if (!recover(used, error)) throw error
      yield* answers(request, signal)
    }
  }

  /** Calls the reader about the index, whose progress is shown if it must be loaded first. */
  async function inIndex<Result>(call: (reader: ReaderClient) => Promise<Result>, model?: string): Promise<Result> {
    const { path } = manifest.index!.database
    recover(current, current.reader.failure)
    inProgress.add(path)
    let used = current
    try {
      if (model !== undefined) await loaded(model)
      used = current
      return await call(used.reader)
    } catch (error) {
      if (recover(used, error)) return inIndex(call, model)
      throw new ServiceError(0, (error as Error).message)
    } finally {
      inProgress.delete(path)
      options.onLoaded(path)
    }
  }

  const documents: DocumentsBackend = {
    list: (containing) => inIndex((reader) => reader.listDocuments(containing)),
    open: (id) => inIndex((reader) => reader.openDocument(id)),
    search: (request) => inIndex((reader) => reader.search(request), request.model),
  }

  return {
    ...(manifest.index && { documents }),
    privacy: 'The model runs in this browser. Texts and questions do not leave this device.',
    load: loaded,
    files(id) {
      const { weights, tokenizer } = manifest.models.find((model) => model.id === id)!
      const indexed = manifest.index ? indexFiles(manifest.index) : []
      const runtime = Object.values(manifest.runtimes[current.runtime.name])
      return [...runtime, weights, tokenizer, ...indexed].map(({ path }) => path)
    },
    async fetchModels() {
      const models = manifest.models.map((model, index) => ({
        ...infoOf(model),
        device: current.runtime.label,
        default: index === 0,
      }))
      return { models, limits: LIMITS, index: manifest.index }
    },
    async *streamAnswers(request, signal) {
      try {
        yield* answers(request, signal)
      } catch (error) {
        signal.throwIfAborted()
        throw new ServiceError(0, (error as Error).message)
      }
    },
  }
}

const infoOf = ({ id, name, about, parameters, layers, hidden_size, max_positions, ...model }: SiteModel) => ({
  id,
  name,
  about,
  exported: model.exported,
  parameters,
  layers,
  hidden_size,
  max_seq_length: max_positions,
  revision: weightsRevision(model),
  loaded: '',
  answer_settings: model.answer_settings,
})
