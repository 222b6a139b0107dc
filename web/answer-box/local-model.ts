/** The model of the site from which the script was loaded, in a worker of the visitor's browser. */
import type { BatchRequest, StreamEvent } from '../../src/server/http/contract.ts'
import type { SiteManifest } from '../../src/site/manifest.ts'
import { ReaderFailure } from '../workers/messages.ts'
import { ReaderClient } from '../workers/reader-client.ts'
import { responseProblem } from '../workers/site-files.ts'
import { fetchManifest } from '../workers/site-manifest.ts'
import { type BoxAnswer, type Found, foundOnPage } from './found.ts'
import { SearchFailure } from './messages.ts'

export interface LocalProgress {
  /** Bytes of the model that have arrived. */
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
  // Threads require an isolated page. Files are not kept, because 30 MB would count towards the storage of the host page.
  const settings = { base, manifest, threads: 1, keepsFiles: false }
  const onProgress = (_model: string, done: number, total: number) => {
    for (const listener of listeners) listener(done, total)
  }
  return { manifest, reader: new ReaderClient(worker, settings, { onProgress }) }
}

const modelOf = ({ models }: SiteManifest, wanted: string | undefined): string => {
  if (wanted === undefined || models.some(({ id }) => id === wanted)) return wanted ?? models[0].id
  throw new SearchFailure(`unknown model "${wanted}". Available models: ${models.map(({ id }) => id).join(', ')}.`)
}

export async function loadLocally(model: string | undefined): Promise<void> {
  const { reader, manifest } = await open()
  await ended(reader, reader.load(modelOf(manifest, model)))
}

/** Ends the worker if its runtime fails, because it cannot be used again. */
async function ended<Result>(reader: ReaderClient, call: Promise<Result>): Promise<Result> {
  return call.catch((error) => {
    if (error instanceof ReaderFailure && error.isRuntime) reader.end(error)
    throw error
  })
}

export async function askLocally(
  request: BatchRequest & { readonly context: string },
  signal: AbortSignal,
  progress: LocalProgress,
): Promise<Found> {
  listeners.add(progress.loading)
  try {
    const { reader, manifest } = await open()
    const model = modelOf(manifest, request.model)
    await ended(reader, reader.load(model))
    signal.throwIfAborted()
    const answer = await ended(reader, firstAnswer(reader.ask({ ...request, model }, signal), progress))
    return foundOnPage(answer, request.context)
  } finally {
    listeners.delete(progress.loading)
  }
}

async function firstAnswer(events: AsyncIterable<StreamEvent>, progress: LocalProgress): Promise<BoxAnswer> {
  for await (const { name, data } of events) {
    if (name === 'progress') progress.reading(data.done, data.total)
    if (name === 'answer') return data.result.answers[0]
  }
  throw new SearchFailure('the model returned no answer')
}
