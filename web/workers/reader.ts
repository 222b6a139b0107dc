/** The reader: runs models in a worker, with spanforge's own tokenizer, windows and choice of answers. */
import type * as Ort from 'onnxruntime-web'
import type { PassageSearch } from '../../src/search/passage-search.ts'
import { documentText, listDocuments } from '../../src/server/collection/from-index.ts'
import type { CollectionRequest } from '../../src/server/http/collection-contract.ts'
import { indexFiles, type RuntimeName, type SiteFile, type SiteModel } from '../../src/site/manifest.ts'
import { SerialQueue } from '../../src/threads/serial-queue.ts'
import { answerFromPassages, answerRequest } from './answering.ts'
import {
  errorSentence,
  type FromReader,
  type IndexResults,
  ReaderFailure,
  type ReaderSettings,
  type ToReader,
} from './messages.ts'
import { ReadModel } from './read-model.ts'
import { fetchFile, storageName } from './site-files.ts'

declare const self: DedicatedWorkerGlobalScope

/** Handles the messages of the page with a build of ONNX Runtime Web. */
export function startReader(ort: typeof Ort, runtime: RuntimeName): void {
  let reader: Reader | undefined
  const aborts = new Map<number, AbortController>()
  self.onmessage = ({ data }: MessageEvent<ToReader>) => {
    if (data.type === 'open') reader = new Reader(ort, runtime, data)
    else if (data.type === 'abort') aborts.get(data.id)?.abort()
    else {
      const abort = new AbortController()
      aborts.set(data.id, abort)
      void handle(reader!, data, abort.signal)
        .then(() => post({ type: 'loaded', id: data.id }))
        .catch((error) => post({ type: 'failed', id: data.id, ...failureOf(error) }))
        .finally(() => aborts.delete(data.id))
    }
  }
}

/** What the reader is asked for, with an id. */
type Request = Exclude<ToReader, { type: 'open' | 'abort' }>

async function handle(reader: Reader, data: Request, signal: AbortSignal): Promise<void> {
  const { id } = data
  const result = (result: IndexResults[keyof IndexResults]) => post({ type: 'result', id, result })
  if (data.type === 'load') await reader.model(data.model)
  else if (data.type === 'ask') await reader.ask(id, data.request, signal)
  else if (data.type === 'search') result(await reader.search(data.request, signal))
  else if (data.type === 'list') result(await reader.listDocuments(data.containing))
  else result(await reader.document(data.document))
}

const post = (message: FromReader): void => self.postMessage(message)

class Reader {
  private readonly models = new Map<string, Promise<ReadModel>>()
  /** The runtime computes one window at a time, so requests take turns. */
  private readonly turns = new SerialQueue()
  private readonly storage: Promise<Cache | undefined>
  private code: Promise<void> | undefined
  private index: Promise<PassageSearch> | undefined

  constructor(
    private readonly ort: typeof Ort,
    private readonly runtime: RuntimeName,
    private readonly settings: ReaderSettings,
  ) {
    const { base, keepsFiles } = settings
    this.storage = keepsFiles ? caches.open(storageName(base)).catch(() => undefined) : Promise.resolve(undefined)
  }

  /** Loads a model once. A failed load can be repeated. */
  model(id: string): Promise<ReadModel> {
    const loading = this.models.get(id) ?? this.load(id)
    this.models.set(id, loading)
    loading.catch(() => this.models.delete(id))
    return loading
  }

  async ask(id: number, request: Parameters<typeof answerRequest>[1], signal: AbortSignal): Promise<void> {
    const model = await this.model(request.model!)
    for await (const event of answerRequest(model, request, signal)) post({ type: 'event', id, event })
  }

  /** Answers a question like the route /api/search of the service. */
  async search(request: CollectionRequest, signal: AbortSignal): Promise<IndexResults['search']> {
    const [model, index] = await Promise.all([this.model(request.model!), this.opened()])
    return answerFromPassages(model, index, request, signal)
  }

  async listDocuments(containing: string): Promise<IndexResults['list']> {
    return listDocuments(await this.opened(), { containing, limit: MAX_LISTED, offset: 0 })
  }

  async document(id: number): Promise<IndexResults['document']> {
    const document = documentText(await this.opened(), id)
    if (!document) throw new Error(`There is no document ${id} on this site.`)
    return document
  }

  /** Loads the index and its code once. A failed load can be repeated. */
  private opened(): Promise<PassageSearch> {
    this.index ??= this.openIndex()
    this.index.catch(() => {
      this.index = undefined
    })
    return this.index
  }

  private async openIndex(): Promise<PassageSearch> {
    const { base, manifest } = this.settings
    if (!manifest.index) throw new Error('This site has no index of documents.')
    const { search, code, database } = manifest.index
    const fetched = this.fetcher(database.path, indexFiles(manifest.index))
    const [packedCode, packedDatabase] = await Promise.all([fetched(code), fetched(database), fetched(search)])
    const { openSearch }: typeof import('./search.ts') = await import(new URL(search.path, base).href)
    return openSearch(await unzipped(packedCode), await unzipped(packedDatabase), database.path)
  }

  /** Downloads files, with the progress of all of them together. */
  private fetcher(model: string, files: readonly SiteFile[]): (file: SiteFile) => Promise<Uint8Array> {
    const total = files.reduce((sum, { bytes }) => sum + bytes, 0)
    let done = 0
    return (file) =>
      this.fetch(file, (bytes) => {
        done += bytes
        post({ type: 'progress', model, done, total })
      })
  }

  private async load(id: string): Promise<ReadModel> {
    const model = this.settings.manifest.models.find((one) => one.id === id)
    if (!model) throw new Error(`Unknown model "${id}".`)
    const { code, loader } = this.settings.manifest.runtimes[this.runtime]
    const files = [...(this.code ? [] : [code, loader]), model.weights, model.tokenizer]
    const fetched = this.fetcher(id, files)
    this.code ??= this.loadCode(fetched(code), fetched(loader))
    this.code.catch(() => {
      this.code = undefined
    })
    const [weights, tokenizer] = await Promise.all([fetched(model.weights), fetched(model.tokenizer), this.code])
    const opened = await this.turns.run(() => this.open(model, weights, tokenizer))
    await opened.test()
    return opened
  }

  private async open(model: SiteModel, weights: Uint8Array, tokenizer: Uint8Array): Promise<ReadModel> {
    const options = { executionProviders: [this.runtime], logSeverityLevel: ERRORS } as const
    const session = await this.ort.InferenceSession.create(weights, options).catch((error) => {
      throw new ReaderFailure(
        `The model ${model.id} cannot be loaded in this browser: ${errorSentence(error)}.`,
        true,
        error,
      )
    })
    return new ReadModel(this.ort, session, model, tokenizer, this.turns)
  }

  /**
   * Passes the code to the runtime, which would otherwise download it itself. It imports the loader, but explains nothing if
   * that fails, so the loader is checked first.
   */
  private async loadCode(compressed: Promise<Uint8Array>, loader: Promise<Uint8Array>): Promise<void> {
    await loader
    const { base, manifest, threads } = this.settings
    const { wasm } = this.ort.env
    wasm.wasmBinary = await unzipped(await compressed)
    wasm.wasmPaths = { mjs: new URL(manifest.runtimes[this.runtime].loader.path, base).href }
    wasm.numThreads = threads
  }

  private async fetch(file: SiteFile, onBytes: (bytes: number) => void): Promise<Uint8Array> {
    const onNotKept = (problem: string) => post({ type: 'notKept', problem })
    const storage = await this.storage
    // Without no-store, browsers would store a kept file twice.
    const cache = storage ? 'no-store' : 'no-cache'
    return fetchFile(this.settings.base, file, { storage, cache, onBytes, onNotKept })
  }
}

/** Decompresses a file. */
const unzipped = (bytes: Uint8Array): Promise<ArrayBuffer> =>
  new Response(
    new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('gzip')),
  ).arrayBuffer()

/** Maximum number of listed documents, as the service lists them. Others are found by a part of their name. */
const MAX_LISTED = 100

/** The severity of errors in ONNX Runtime. */
const ERRORS = 3

const failureOf = (error: unknown) => ({
  problem: error instanceof Error ? error.message : String(error),
  isRuntime: error instanceof ReaderFailure && error.isRuntime,
})
