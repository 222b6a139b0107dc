import type { CollectionRequest } from '../../src/server/http/collection-contract.ts'
import type { BatchRequest, StreamEvent } from '../../src/server/http/contract.ts'
import { type FromReader, type IndexResults, ReaderFailure, type ReaderSettings, type ToReader } from './messages.ts'
import { scriptProblem } from './site-files.ts'

export interface ReaderEvents {
  onProgress?(model: string, done: number, total: number): void
  onNotKept?(problem: string): void
}

type ReaderResponse = StreamEvent | IndexResults[keyof IndexResults]

interface Call {
  event(response: ReaderResponse): void
  end(error?: Error): void
}

/** The page's side of a reader. */
export class ReaderClient {
  private readonly calls = new Map<number, Call>()
  private broken: ReaderFailure | undefined
  private last = 0

  constructor(
    private readonly worker: Worker,
    settings: ReaderSettings,
    private readonly events: ReaderEvents = {},
    /** Address of the worker's script on the host, to explain failures. */
    private readonly script?: string,
  ) {
    worker.onmessage = ({ data }: MessageEvent<FromReader>) => this.receive(data)
    // The script cannot be loaded, or the browser has ended the worker.
    worker.onerror = (event) => {
      event.preventDefault()
      void this.explain(event.message || undefined)
    }
    this.send({ type: 'open', ...settings })
  }

  /** Downloads and opens a model. */
  async load(model: string): Promise<void> {
    await this.call((id) => ({ type: 'load', id, model })).next()
  }

  /** Streams the answers of a request, as the server does. @throws the signal's reason if it is aborted */
  ask(request: BatchRequest, signal?: AbortSignal): AsyncGenerator<StreamEvent> {
    return this.call((id) => ({ type: 'ask', id, request }), signal)
  }

  /** Answers a question from the documents of the site's index. @throws the signal's reason if it is aborted */
  search(request: CollectionRequest, signal?: AbortSignal): Promise<IndexResults['search']> {
    return this.result((id) => ({ type: 'search', id, request }), signal)
  }

  listDocuments(containing: string): Promise<IndexResults['list']> {
    return this.result((id) => ({ type: 'list', id, containing }))
  }

  openDocument(document: number): Promise<IndexResults['document']> {
    return this.result((id) => ({ type: 'document', id, document }))
  }

  /** Why the worker has ended, if it has. */
  get failure(): ReaderFailure | undefined {
    return this.broken
  }

  /** Ends the worker. Its open requests fail with `reason`. */
  end(reason: ReaderFailure): void {
    this.worker.terminate()
    this.fail(reason)
  }

  /** Scripts that cannot be loaded have no message. */
  private async explain(message: string | undefined): Promise<void> {
    const problem = message === undefined && this.script ? await scriptProblem(this.script) : undefined
    this.fail(
      problem === undefined
        ? new ReaderFailure(`The worker that runs the models has failed: ${message ?? 'it cannot be started'}.`, true)
        : new ReaderFailure(problem, false),
    )
  }

  private async result<Result extends ReaderResponse>(
    message: (id: number) => ToReader,
    signal?: AbortSignal,
  ): Promise<Result> {
    let last: Result | undefined
    for await (const result of this.call<Result>(message, signal)) last = result
    return last!
  }

  private async *call<Event extends ReaderResponse = StreamEvent>(
    message: (id: number) => ToReader,
    signal?: AbortSignal,
  ): AsyncGenerator<Event> {
    signal?.throwIfAborted()
    if (this.broken) throw this.broken
    const id = ++this.last
    const events: Event[] = []
    let result: { readonly error?: Error } | undefined
    let wake = () => {}
    this.calls.set(id, {
      event: (event) => {
        events.push(event as Event)
        wake()
      },
      end: (error) => {
        result = { error }
        wake()
      },
    })
    const abort = () => {
      this.send({ type: 'abort', id })
      wake()
    }
    signal?.addEventListener('abort', abort)
    this.send(message(id))
    try {
      for (;;) {
        signal?.throwIfAborted()
        const event = events.shift()
        if (event) yield event
        else if (result?.error) throw result.error
        else if (result) return
        else
          await new Promise<void>((resolve) => {
            wake = resolve
          })
      }
    } finally {
      signal?.removeEventListener('abort', abort)
      this.calls.delete(id)
    }
  }

  private receive(message: FromReader): void {
    if (message.type === 'progress') this.events.onProgress?.(message.model, message.done, message.total)
    else if (message.type === 'notKept') this.events.onNotKept?.(message.problem)
    else if (message.type === 'event') this.calls.get(message.id)?.event(message.event)
    else if (message.type === 'result') this.calls.get(message.id)?.event(message.result)
    else
      this.calls
        .get(message.id)
        ?.end(message.type === 'failed' ? new ReaderFailure(message.problem, message.isRuntime) : undefined)
  }

  private fail(error: ReaderFailure): void {
    this.broken ??= error
    for (const { end } of this.calls.values()) end(error)
  }

  private send(message: ToReader): void {
    this.worker.postMessage(message)
  }
}
