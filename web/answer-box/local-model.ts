/** The model of the site from which the script was loaded, in a worker of the visitor's browser. */
import type { CollectionRequest } from '../../src/server/http/collection-contract.ts'
import type { BatchRequest, StreamEvent } from '../../src/server/http/contract.ts'
import type { SiteManifest } from '../../src/site/manifest.ts'
import { ReaderFailure } from '../workers/messages.ts'
import { ReaderClient } from '../workers/reader-client.ts'
import { responseProblem } from '../workers/site-files.ts'
import { fetchManifest } from '../workers/site-manifest.ts'
import { type BoxAnswer, type Found, foundInDocuments, foundOnPage } from './found.ts'
import { SearchFailure } from './messages.ts'

export interface LocalProgress {
  /** Bytes of the model, or of the index, that have arrived. */
  loading(done: number, total: number): void
  /** Windows of the text that are read. */
  reading(done: number, total: number): void
}

interface LocalModel {
  readonly reader: ReaderClient
  readonly manifest: SiteManifest
}

/** All files are loaded from the folder of this script, and from nowhere else. */
const base = new URL('.', import.meta.url).href

let opened: Promise<LocalModel> | undefined
const listeners = new Set<LocalProgress['loading']>()

/** All boxes of a page share one worker. If it cannot be started or has failed, the next question tries again. */
function open(): Promise<LocalModel> {
  opened ??= start()
  const promise = opened
  const reset = () => {
    if (opened === promise) opened = undefined
  }
  promise.catch(reset)
  return promise.then((model) => {
    if (!model.reader.failure) return model
    reset()
    return open()
  })
}

async function start(): Promise<LocalModel> {
  const manifest = await fetchManifest(base)
  const { path: reader } = manifest.runtimes.wasm.reader
  const response = await fetch(base + reader, { cache: 'no-cache' }).catch(() => undefined)
  const problem = responseProblem(reader, response)
  if (problem !== undefined) throw new SearchFailure(problem)
  // Workers must have the origin of the page, unlike this script.
  const script = await response!.blob()
  const address = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }))
  const worker = new Worker(address, { type: 'module' })
  // Threads require an isolated page. Files are not kept, because 30 MB would count toward the storage of the host page.
  const settings = { base, manifest, threads: 1, keepsFiles: false }
  // A model and the index may be loaded at the same time.
  const parts = new Map<string, readonly [done: number, total: number]>()
  const onProgress = (part: string, ...bytes: readonly [number, number]) => {
    parts.set(part, bytes)
    const [done, total] = [0, 1].map((i) => [...parts.values()].reduce((sum, part) => sum + part[i], 0))
    for (const listener of listeners) listener(done, total)
  }
  return { manifest, reader: new ReaderClient(worker, settings, { onProgress }) }
}

const modelOf = ({ models }: SiteManifest, wanted: string | undefined): string => {
  if (wanted === undefined || models.some(({ id }) => id === wanted)) return wanted ?? models[0].id
  throw new SearchFailure(`unknown model "${wanted}". Available models: ${models.map(({ id }) => id).join(', ')}.`)
}

/** Loads the model, and the index of the site if it is asked for. */
export async function loadLocally(model: string | undefined, withIndex: boolean): Promise<void> {
  const { reader, manifest } = await open()
  const index = withIndex && manifest.index ? ended(reader, reader.listDocuments('')) : undefined
  await Promise.all([ended(reader, reader.load(modelOf(manifest, model))), index])
}

/** Ends the worker if its runtime fails, because it cannot be used again. */
async function ended<Result>(reader: ReaderClient, call: Promise<Result>): Promise<Result> {
  return call.catch((error) => {
    if (error instanceof ReaderFailure && error.isRuntime) reader.end(error)
    throw error
  })
}

/** Answers from the text of the page. */
export const askLocally = (
  request: BatchRequest & { readonly context: string },
  signal: AbortSignal,
  progress: LocalProgress,
): Promise<Found> =>
  withModel(request.model, signal, progress, async ({ reader }, model) =>
    foundOnPage(await firstAnswer(reader.ask({ ...request, model }, signal), progress), request.context),
  )

/** Answers from the documents of the site's index. @throws SearchFailure if it has none */
export const searchLocally = (
  request: CollectionRequest,
  signal: AbortSignal,
  progress: LocalProgress,
): Promise<Found> =>
  withModel(request.model, signal, progress, async ({ reader, manifest }, model) => {
    if (!manifest.index)
      throw new SearchFailure(
        `${base} has no index of documents, which the attribute "documents" requires. Export the site again with: spanforge export MODEL --to site --index INDEX`,
      )
    return foundInDocuments(await reader.search({ ...request, model }, signal), base)
  })

/** Loads a model and asks it. */
async function withModel(
  wanted: string | undefined,
  signal: AbortSignal,
  { loading }: LocalProgress,
  ask: (local: LocalModel, model: string) => Promise<Found>,
): Promise<Found> {
  listeners.add(loading)
  try {
    const local = await open()
    const model = modelOf(local.manifest, wanted)
    await ended(local.reader, local.reader.load(model))
    signal.throwIfAborted()
    return await ended(local.reader, ask(local, model))
  } finally {
    listeners.delete(loading)
  }
}

async function firstAnswer(events: AsyncIterable<StreamEvent>, progress: LocalProgress): Promise<BoxAnswer> {
  for await (const { name, data } of events) {
    if (name === 'progress') progress.reading(data.done, data.total)
    if (name === 'answer') return data.result.answers[0]
  }
  throw new SearchFailure('the model returned no answer')
}
