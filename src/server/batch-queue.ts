/**
 * Windows of many requests, computed together. A pass holds the window whose turn it is (turns.ts), and those next in
 * turn that are nearest to it in length.
 */
import type { Row } from '../batching/pack.ts'
import type { WindowLogits } from '../squad/document-logits.ts'
import { HttpProblem } from './problem.ts'
import { SharedLimit } from './shared-limit.ts'
import { type QueuedRow, Turn, Turns } from './turns.ts'
import type { RowSource } from './window-rows.ts'

export interface QueueOptions {
  /** Most tokens computed at once; one window is computed whatever its length, so that 1 is one by one. */
  readonly max_tokens: number
  /** Milliseconds that the first of a quiet moment waits for company, where there was any lately. */
  readonly wait: number
  /**
   * Most requests that are read, waiting or computed; more are refused. Large ones may have half of the places, and one
   * client three quarters.
   */
  readonly max_requests: number
  /** Characters of the texts of all requests that are read, waiting or computed. */
  readonly texts: SharedLimit
  /** Windows of all requests that are waiting or computed. */
  readonly windows: SharedLimit
  /** Told of each pass. */
  readonly onPass?: (pass: { readonly windows: number; readonly tokens: number; readonly milliseconds: number }) => void
}

export interface AskOptions {
  /** Who asks: clients share the model. */
  readonly client?: string
  /** Aborted when the client has gone or time is up: what has not been computed is dropped. */
  readonly signal?: AbortSignal
  /** Told the number of windows done, with what is there so far. */
  readonly onProgress?: (done: number, logits: readonly (WindowLogits | undefined)[]) => void
}

/** The place of a request among all that are read, waiting or computed. */
export interface QueuePlace {
  /**
   * Says how many tokens its windows have: a small text may have many.
   * @throws Problem 503 where that makes it a large request, and these have no place left
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

/** A pass takes no window more than so many times as long as the one whose turn it is: a book must wait for its own. */
const LONGER = 2

/** How far ahead, in passes, a pass looks for windows of its length. */
const LOOK_AHEAD = 4

/** Milliseconds after which those who asked at the same time are no longer expected back. */
const LATELY = 1000

/** Characters of texts, or tokens of windows, above which a request is a large one. */
const LARGE = 20_000

export class BatchQueue {
  private readonly requests = new Set<QueuedRequest>()
  private readonly turns = new Turns<QueuedRequest>()
  private readonly places: SharedLimit
  private readonly largePlaces: SharedLimit
  /** Requests that have a place. */
  private entered = 0
  private waitingTokens = 0
  /** When a request last found another one here. */
  private hadCompany = -Infinity
  private isBusy = false
  private timer: NodeJS.Timeout | undefined
  /** Tokens a second, a running mean. */
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

  /** Whether a question of a client about a text of this many characters would be accepted now. */
  hasRoom(characters: number, client = ''): boolean {
    const { texts, windows } = this.options
    const hasPlace = characters <= LARGE || this.largePlaces.hasRoom(1, client)
    const hasPlaces = hasPlace && this.places.hasRoom(1, client)
    return hasPlaces && texts.hasRoom(characters, client) && windows.hasRoom(1, client)
  }

  /**
   * Gives a request with texts of this many characters a place, from before its texts are read until it is answered.
   * @throws Problem 503 where too much is waiting
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
   * The logits of each row, one at least, once all are computed.
   * @throws at once Problem 503 where too many windows wait already; the signal's reason once it is aborted
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
    return new HttpProblem(503, `The server is busy with ${this.entered} requests and has no room for this one.`, {
      remedy: 'Ask again later; the header Retry-After says when.',
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
    // What came while a pass was computed has waited long enough.
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
    // Whoever has gone is told nothing more.
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

  /** Takes the next windows off the queue. */
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
