/** Messages between a page and its reader, the worker that runs the models. */
import type {
  CollectionRequest,
  CollectionResponse,
  DocumentList,
  DocumentText,
} from '../../src/server/http/collection-contract.ts'
import type { BatchRequest, StreamEvent } from '../../src/server/http/contract.ts'
import type { SiteManifest } from '../../src/site/manifest.ts'

export interface ReaderSettings {
  /** Address of the site's folder, with a slash at the end. */
  readonly base: string
  readonly manifest: SiteManifest
  /** Threads of WebAssembly. More than one thread requires cross-origin isolation. */
  readonly threads: number
  /** Whether files are kept in the browser's storage. */
  readonly keepsFiles: boolean
}

/** A message to the service worker. `activate` tells a waiting one to replace the active one. */
export type ToServiceWorker = FilesRequest | { readonly type: 'activate' }

/** A request to the service worker, which responds on the port. `further`: paths of files besides those of the page. */
export interface FilesRequest {
  /** `keep` responds with a problem for the user, if any; `check` with whether all files are kept. */
  readonly type: 'keep' | 'check'
  readonly further: readonly string[]
}

export type ToReader =
  | ({ readonly type: 'open' } & ReaderSettings)
  | { readonly type: 'load'; readonly id: number; readonly model: string }
  | { readonly type: 'ask'; readonly id: number; readonly request: BatchRequest }
  | { readonly type: 'search'; readonly id: number; readonly request: CollectionRequest }
  | { readonly type: 'list'; readonly id: number; readonly containing: string }
  | { readonly type: 'document'; readonly id: number; readonly document: number }
  | { readonly type: 'abort'; readonly id: number }

/** Results of the requests to the index. */
export interface IndexResults {
  readonly search: CollectionResponse
  readonly list: DocumentList
  readonly document: DocumentText
}

/** A description of an error. ONNX Runtime throws a number if WebAssembly is aborted. */
export const errorSentence = (error: unknown): string =>
  error instanceof Error ? error.message.replace(/\.$/, '') : `its runtime was aborted (${error})`

/** A failed request to a reader, with a message for the user. */
export class ReaderFailure extends Error {
  constructor(
    message: string,
    /** Whether the runtime cannot run the model, so that another runtime or a new worker may succeed. */
    readonly isRuntime: boolean,
    cause?: unknown,
  ) {
    super(message, { cause })
  }
}

export type FromReader =
  /** Bytes of a model that have arrived, or of the index: `model` is then the path of its database. */
  | { readonly type: 'progress'; readonly model: string; readonly done: number; readonly total: number }
  /** A file cannot be kept, for example because the storage is full. */
  | { readonly type: 'notKept'; readonly problem: string }
  | { readonly type: 'loaded'; readonly id: number }
  | { readonly type: 'event'; readonly id: number; readonly event: StreamEvent }
  | { readonly type: 'result'; readonly id: number; readonly result: IndexResults[keyof IndexResults] }
  | { readonly type: 'failed'; readonly id: number; readonly problem: string; readonly isRuntime: boolean }
