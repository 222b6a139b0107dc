/** Where the page gets its models and answers from. */
import type {
  CollectionRequest,
  CollectionResponse,
  DocumentList,
  DocumentText,
} from '../../src/server/http/collection-contract.ts'
import type { BatchRequest, CorrectionRequest, ModelList, StreamEvent } from '../../src/server/http/contract.ts'

export { ServiceError } from '../shared/requests.ts'

/** The documents of an index. */
export interface DocumentsBackend {
  /** @throws ServiceError */
  list(containing: string): Promise<DocumentList>
  open(id: number): Promise<DocumentText>
  search(request: CollectionRequest): Promise<CollectionResponse>
}

/** A server (`http-backend.ts`), or models in this browser (`web/site/worker-backend.ts`). */
export interface Backend {
  /** Says who sees the user's texts and questions. */
  readonly privacy: string
  /** @throws ServiceError if there is no list, for example because the server requires a token */
  fetchModels(): Promise<ModelList>
  /**
   * Streams answers up to the event `end`.
   * @throws ServiceError if they cannot be computed or are incomplete; the signal's reason if it is aborted
   */
  streamAnswers(request: BatchRequest, signal: AbortSignal): AsyncGenerator<StreamEvent>
  /** Sends a correction to a server that keeps them. */
  keepCorrection?(correction: CorrectionRequest): Promise<void>
  /** Missing if the backend never has an index. */
  readonly documents?: DocumentsBackend
}

let current: Backend | undefined

/** Sets the backend of the page. Must be called before anything else. */
export const setBackend = (backend: Backend): void => {
  current = backend
}

export const backend = (): Backend => current!
