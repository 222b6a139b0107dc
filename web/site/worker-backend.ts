import type { ModelList } from '../../src/server/http/contract.ts'
import type { SiteManifest, SiteModel } from '../../src/site/manifest.ts'
import { type Backend, ServiceError } from '../playground/backend.ts'
import { ReaderClient, type ReaderEvents } from '../workers/reader-client.ts'
import { inWebAssembly, type Runtime } from './runtime.ts'

export interface WorkerBackendOptions {
  readonly base: string
  readonly manifest: SiteManifest
  readonly runtime: Runtime
  readonly keepsFiles: boolean
  readonly events: ReaderEvents
  /** Called once a model is loaded, or has failed to load. */
  readonly onLoaded: (model: string) => void
  /** Called if WebGPU fails and WebAssembly is used instead. */
  readonly onFallback: (runtime: Runtime) => void
}

/** Far more than a person asks at once; more questions are sent in several requests. */
const LIMITS: ModelList['limits'] = {
  question: 10_000,
  context: Number.MAX_SAFE_INTEGER,
  questions: 100,
  windows: 10_000,
}

/** Answers by models in a worker of this page. */
export function workerBackend(options: WorkerBackendOptions): Backend & { load(model: string): Promise<void> } {
  const { base, manifest, keepsFiles, events } = options
  let { runtime } = options
  let reader = open()

  function open(): ReaderClient {
    const script = new URL(manifest.runtimes[runtime.name].reader.path, base)
    const settings = { base, manifest, threads: runtime.threads, keepsFiles }
    return new ReaderClient(new Worker(script, { type: 'module' }), settings, events)
  }

  /** Drivers of graphics adapters can fail in ways that only appear when a model is loaded. */
  async function load(model: string): Promise<void> {
    try {
      await reader.load(model)
    } catch (error) {
      if (runtime.name !== 'webgpu') throw error
      console.warn('WebGPU failed:', error)
      reader.end()
      runtime = inWebAssembly('WebGPU does not work with this graphics adapter.')
      options.onFallback(runtime)
      reader = open()
      await reader.load(model)
    }
  }
  const loading = new Map<string, Promise<void>>()
  /** Loads a model once. A failed load can be repeated. */
  const loaded = (model: string): Promise<void> => {
    const promise = loading.get(model) ?? load(model).finally(() => options.onLoaded(model))
    loading.set(model, promise)
    promise.catch(() => loading.delete(model))
    return promise
  }

  return {
    privacy: 'The model runs in this browser. Texts and questions do not leave this device.',
    load: loaded,
    async fetchModels() {
      const models = manifest.models.map((model, index) => ({
        ...infoOf(model),
        device: runtime.label,
        default: index === 0,
      }))
      return { models, limits: LIMITS }
    },
    async *streamAnswers(request, signal) {
      try {
        await loaded(request.model!)
        yield* reader.ask(request, signal)
      } catch (error) {
        signal.throwIfAborted()
        throw new ServiceError(0, (error as Error).message)
      }
    },
  }
}

const infoOf = ({ id, name, parameters, layers, hidden_size, max_positions, answer_settings }: SiteModel) => ({
  id,
  name,
  parameters,
  layers,
  hidden_size,
  max_seq_length: max_positions,
  loaded: '',
  answer_settings,
})
