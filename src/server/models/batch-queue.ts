/**
 * Batches windows of many requests. A pass contains the window that is next in turn (turns.ts) and, of those that
 * follow it, the ones closest to it in length.
 */
import type { Row } from '../../batching/pack.ts'
import type { WindowLogits } from '../../squad/answers/document-logits.ts'
import { HttpProblem } from '../http/problem.ts'
import { SharedLimit } from '../security/shared-limit.ts'
import type { RowSource } from '../tokenizing/window-rows.ts'
import { type QueuedRow, Turn, Turns } from './turns.ts'

export interface QueueOptions {
  /** Maximum tokens per pass. A longer window is computed on its own, so 1 means one window at a time. */
  readonly max_tokens: number
  /** Milliseconds that an idle queue waits for more requests, if there were concurrent requests recently. */
  readonly wait: number
  /**
   * Maximum number of requests being read, waiting or computed; further ones are rejected. Large requests may take half
   * of the places, and one client three quarters.
   */
  readonly max_requests: number
  /** Limits the characters in the texts of all requests being read, waiting or computed. */
  readonly texts: SharedLimit
  /** Limits the windows of all requests waiting or being computed. */
  readonly windows: SharedLimit
  /** Called after each pass. */
  readonly onPass?: (pass: { readonly windows: number; readonly tokens: number; readonly milliseconds: number }) => void
}

export interface AskOptions {
  /** Client that sent the request. The model is shared fairly between clients. */
  readonly client?: string
  /** Aborted when the client disconnects or the timeout expires; windows not yet computed are then dropped. */
  readonly signal?: AbortSignal
  /** Called after each pass with the number of computed windows and the logits so far. */
  readonly onProgress?: (done: number, logits: readonly (WindowLogits | undefined)[]) => void
}

/** A request's slot among those being read, waiting or computed. */
export interface QueuePlace {
  /**
   * Records how many tokens the windows have; even a short text may have many.
   * @throws HttpProblem 503 if this makes it a large request and all places for large requests are taken
   */
  measure(tokens: number): void
  leave(): void
}

class QueuedRequest extends Turn {
  readonly logits: (WindowLogits | undefined)[]
  done = 0

  constructor(
    rows: RowSource,
    client: string,
    readonly onProgress: AskOptions['onProgress'],
    readonly resolve: (logits: WindowLogits[]) => void,
    readonly reject: (error: unknown) => void,
  ) {
    super(rows, client)
    this.logits = new Array(rows.count).fill(undefined)
  }
}

/** A pass includes only windows up to this many times as long as the one in turn, so that it stays short. */
const LONGER = 2

/** How many passes ahead to look for windows of similar length. */
const LOOK_AHEAD = 4

/** Milliseconds after the last concurrent requests during which more are expected. */
const LATELY = 1000

/** Characters of text, or tokens of windows, above which a request counts as large. */
const LARGE = 20_000

export class BatchQueue {
  private readonly requests = new Set<QueuedRequest>()
  private readonly turns = new Turns<QueuedRequest>()
  private readonly places: SharedLimit
  private readonly largePlaces: SharedLimit
  /** Number of requests that have a place. */
  private entered = 0
  private waitingTokens = 0
  /** Time at which a request last arrived while another was pending. */
  private hadCompany = -Infinity
  private isBusy = false
  private timer: NodeJS.Timeout | undefined
  /** Tokens per second, as an exponential moving average. */
  private rate = 0

  constructor(
    private readonly forward: (rows: readonly Row[]) => Promise<readonly WindowLogits[]>,
    private readonly options: QueueOptions,
  ) {
    this.places = new SharedLimit(options.max_requests, 1)
    this.largePlaces = new SharedLimit(Math.ceil(options.max_requests / 2), 1)
  }

  get waiting(): { readonly requests: number; readonly tokens: number } {
    return { requests: this.entered, tokens: this.waitingTokens }
  }

  /** Whether a question about a text of this length would be accepted from this client now. */
  hasRoom(characters: number, client = ''): boolean {
    const { texts, windows } = this.options
    const hasPlace = characters <= LARGE || this.largePlaces.hasRoom(1, client)
    const hasPlaces = hasPlace && this.places.hasRoom(1, client)
    return hasPlaces && texts.hasRoom(characters, client) && windows.hasRoom(1, client)
  }

  /**
   * Reserves a place for a request whose texts have this many characters, until it is answered.
   * @throws HttpProblem 503 if the queue is full
   */
  enter(characters: number, client = ''): QueuePlace {
    if (!this.hasRoom(characters, client)) throw this.overloaded()
    const held = [this.options.texts.take(characters, client), this.places.take(1, client)]
    let isLarge = characters > LARGE
    if (isLarge) held.push(this.largePlaces.take(1, client))
    this.entered++
    let isHeld = true
    return {
      measure: (tokens) => {
        if (isLarge || !isHeld || tokens <= LARGE) return
        if (!this.largePlaces.hasRoom(1, client)) throw this.overloaded()
        isLarge = true
        held.push(this.largePlaces.take(1, client))
      },
      leave: () => {
        if (!isHeld) return
        isHeld = false
        this.entered--
        for (const giveBack of held) giveBack()
      },
    }
  }

  /**
   * Computes the logits of each row; `rows` must not be empty. The promise rejects with the signal's reason on abort.
   * @throws HttpProblem 503 synchronously if too many windows are already waiting
   */
  ask(rows: RowSource, { client = '', signal, onProgress }: AskOptions = {}): Promise<WindowLogits[]> {
    signal?.throwIfAborted()
    const { windows } = this.options
    if (!windows.hasRoom(rows.count, client)) throw this.overloaded()
    const giveBack = windows.take(rows.count, client)
    if (this.requests.size > 0) this.hadCompany = performance.now()
    const computed = new Promise<WindowLogits[]>((resolve, reject) => {
      const request = new QueuedRequest(rows, client, onProgress, resolve, reject)
      this.requests.add(request)
      this.turns.add(request)
      this.waitingTokens += rows.tokens
      signal?.addEventListener('abort', () => this.drop(request, signal.reason), { once: true })
      this.schedule()
    })
    return computed.finally(giveBack)
  }

  private overloaded(): HttpProblem {
    const seconds = this.rate > 0 ? this.waitingTokens / this.rate : 1
    return new HttpProblem(503, `The server is overloaded: ${this.entered} requests are pending.`, {
      remedy: 'Retry after the delay in the Retry-After header.',
      retryAfter: Math.min(60, Math.max(1, seconds)),
    })
  }

  private schedule(): void {
    if (this.isBusy) return
    const { max_tokens, wait } = this.options
    const isAlone = performance.now() - this.hadCompany > LATELY
    if (this.waitingTokens >= max_tokens || wait === 0 || isAlone) void this.work()
    else this.timer ??= setTimeout(() => void this.work(), wait)
  }

  private async work(): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    this.isBusy = true
    // Requests that arrived during a pass need not wait any longer for others.
    while (!this.turns.isEmpty) await this.pass(this.nextPass())
    this.isBusy = false
  }

  private async pass(places: readonly QueuedRow<QueuedRequest>[]): Promise<void> {
    const rows = places.map(({ request, row }) => request.rows.row(row))
    const tokens = rows.reduce((sum, { input_ids }) => sum + input_ids.length, 0)
    const started = performance.now()
    try {
      const logits = await this.forward(rows)
      const milliseconds = performance.now() - started
      this.rate = this.rate === 0 ? (1000 * tokens) / milliseconds : 0.9 * this.rate + (100 * tokens) / milliseconds
      this.options.onPass?.({ windows: rows.length, tokens, milliseconds })
      for (const [i, { request, row }] of places.entries()) {
        request.logits[row] = logits[i]
        request.done++
      }
      for (const request of new Set(places.map(({ request }) => request))) this.advance(request)
    } catch (error) {
      for (const { request } of places) this.drop(request, error)
    }
  }

  private advance(request: QueuedRequest): void {
    // The request may have been dropped during the pass.
    if (!this.requests.has(request)) return
    request.onProgress?.(request.done, request.logits)
    if (request.done < request.rows.count) return
    this.requests.delete(request)
    request.resolve(request.logits as WindowLogits[])
  }

  private drop(request: QueuedRequest, reason: unknown): void {
    if (!this.requests.delete(request)) return
    this.turns.delete(request)
    this.waitingTokens -= request.tokens
    request.reject(reason)
  }

  /** Removes the windows of the next pass from the queue. */
  private nextPass(): QueuedRow<QueuedRequest>[] {
    const { max_tokens } = this.options
    const [head, ...next] = this.turns.ahead(LOOK_AHEAD * max_tokens)
    const length = ({ request, row }: QueuedRow<QueuedRequest>) => request.rows.length(row)
    const first = length(head)
    const byLength = next
      .filter((place) => length(place) <= LONGER * first)
      .sort((a, b) => Math.abs(length(a) - first) - Math.abs(length(b) - first))
    const chosen = [head]
    let tokens = first
    for (const place of byLength) {
      if (tokens + length(place) > max_tokens) break
      chosen.push(place)
      tokens += length(place)
    }
    this.waitingTokens -= this.turns.take(chosen)
    return chosen
  }
}
