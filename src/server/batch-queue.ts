/**
 * Windows of many requests, computed together. Whoever waits is served fairly by tokens: start-time fair queueing
 * (Goyal, Vin and Cheng 1996), in which a question that comes while a book is being read is next, and the book has
 * what is left; a request with many questions has no more than one with a single one. A pass holds the window whose
 * turn it is, and those next in turn that are nearest to it in length.
 */
import type { Row } from '../models/pack.ts'
import type { RowLogits } from '../models/question-answering.ts'
import { Problem } from './problem.ts'

export interface QueueOptions {
  /** Most tokens computed at once; one window is computed whatever its length, so that 1 is one by one. */
  readonly max_tokens: number
  /** Milliseconds that the first of a quiet moment waits for company, where there was any lately. */
  readonly wait: number
  /** Most requests that wait; more are refused. */
  readonly max_requests: number
  /** Most tokens that wait. */
  readonly max_waiting_tokens: number
  /** Told of each pass. */
  readonly onPass?: (pass: { readonly windows: number; readonly tokens: number; readonly milliseconds: number }) => void
}

export interface AskOptions {
  /** Whoever asked has gone, or time is up: what has not been computed is dropped. */
  readonly signal?: AbortSignal
  /** Told the number of windows done, with what is there so far. */
  readonly onProgress?: (done: number, logits: readonly (RowLogits | undefined)[]) => void
}

/** The windows of one request, in order, of which `pending` have not been computed. */
interface QueuedRequest extends AskOptions {
  readonly rows: readonly Row[]
  readonly logits: (RowLogits | undefined)[]
  pending: number[]
  done: number
  /** Virtual time at which its next window has its turn. */
  turn: number
  readonly resolve: (logits: RowLogits[]) => void
  readonly reject: (error: unknown) => void
}

interface Place {
  readonly request: QueuedRequest
  readonly index: number
}

/** A pass takes no window more than so many times as long as the one whose turn it is: a book must wait for its own. */
const LONGER = 2

/** How far ahead, in passes, a pass looks for windows of its length. */
const LOOK_AHEAD = 4

/** Milliseconds after which those who asked at the same time are no longer expected back. */
const LATELY = 1000

export class BatchQueue {
  private readonly requests = new Set<QueuedRequest>()
  /** Requests that have a place here while their texts are tokenised. */
  private reading = 0
  /** Virtual time: the turn of the pass that was begun last. */
  private now = 0
  private waitingTokens = 0
  /** When a request last found another one here. */
  private hadCompany = -Infinity
  private isBusy = false
  private timer: NodeJS.Timeout | undefined
  /** Tokens a second, a running mean. */
  private rate = 0

  constructor(
    private readonly forward: (rows: readonly Row[]) => Promise<readonly RowLogits[]>,
    private readonly options: QueueOptions,
  ) {}

  get waiting(): { readonly requests: number; readonly tokens: number } {
    return { requests: this.requests.size + this.reading, tokens: this.waitingTokens }
  }

  /**
   * Gives a request its place while its texts are tokenised, to be followed by `ask`: what would not be taken is not
   * tokenised.
   * @throws Problem 503 at once where as many requests, or tokens, wait as may
   */
  async admit<T>(read: () => Promise<T>): Promise<T> {
    this.refuseOverload(0)
    this.reading++
    try {
      return await read()
    } finally {
      this.reading--
    }
  }

  /**
   * The logits of each row, one at least, once all are computed.
   * @throws at once Problem 503 where too much waits already; the signal's reason once it is aborted
   */
  ask(rows: readonly Row[], options: AskOptions = {}): Promise<RowLogits[]> {
    const tokens = tokensOf(rows)
    this.refuseOverload(tokens)
    const { signal } = options
    signal?.throwIfAborted()
    if (this.waiting.requests > 0) this.hadCompany = performance.now()
    return new Promise((resolve, reject) => {
      const request: QueuedRequest = {
        ...options,
        rows,
        logits: new Array(rows.length).fill(undefined),
        pending: [...rows.keys()],
        done: 0,
        turn: this.now,
        resolve,
        reject,
      }
      this.requests.add(request)
      this.waitingTokens += tokens
      signal?.addEventListener('abort', () => this.drop(request, signal.reason), { once: true })
      this.schedule()
    })
  }

  private refuseOverload(tokens: number): void {
    const { max_requests, max_waiting_tokens } = this.options
    const { requests } = this.waiting
    // A text that is larger than all that may wait is still read by a server with nothing else to do.
    const isFull = this.waitingTokens > 0 && this.waitingTokens + tokens > max_waiting_tokens
    if (requests < max_requests && !isFull) return
    const seconds = this.rate > 0 ? this.waitingTokens / this.rate : 1
    throw new Problem(503, `${requests} requests wait already.`, {
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
    while (this.requests.size > 0) await this.pass(this.nextPass())
    this.isBusy = false
  }

  private async pass(places: readonly Place[]): Promise<void> {
    const rows = places.map(({ request, index }) => request.rows[index])
    const tokens = tokensOf(rows)
    const started = performance.now()
    try {
      const logits = await this.forward(rows)
      const milliseconds = performance.now() - started
      this.rate = this.rate === 0 ? (1000 * tokens) / milliseconds : 0.9 * this.rate + (100 * tokens) / milliseconds
      this.options.onPass?.({ windows: rows.length, tokens, milliseconds })
      for (const [i, { request, index }] of places.entries()) {
        request.logits[index] = logits[i]
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
    if (request.done < request.rows.length) return
    this.requests.delete(request)
    request.resolve(request.logits as RowLogits[])
  }

  private drop(request: QueuedRequest, reason: unknown): void {
    if (!this.requests.delete(request)) return
    this.waitingTokens -= tokensOf(request.pending.map((index) => request.rows[index]))
    request.reject(reason)
  }

  /** Takes the next windows off the queue. */
  private nextPass(): Place[] {
    const { max_tokens } = this.options
    const ahead = this.inTurn(LOOK_AHEAD * max_tokens)
    const length = ({ request, index }: Place) => request.rows[index].input_ids.length
    const first = length(ahead[0])
    const byLength = ahead
      .slice(1)
      .filter((place) => length(place) <= LONGER * first)
      .sort((a, b) => Math.abs(length(a) - first) - Math.abs(length(b) - first))
    const chosen = [ahead[0]]
    let tokens = first
    for (const place of byLength) {
      if (tokens + length(place) > max_tokens) break
      chosen.push(place)
      tokens += length(place)
    }
    this.now = ahead[0].request.turn
    for (const request of new Set(chosen.map((place) => place.request))) {
      const taken = new Set(chosen.filter((place) => place.request === request).map(({ index }) => index))
      request.pending = request.pending.filter((index) => !taken.has(index))
      request.turn += tokensOf([...taken].map((index) => request.rows[index]))
    }
    this.waitingTokens -= tokens
    return chosen
  }

  /** The next windows by turn, until they have so many tokens. */
  private inTurn(tokens: number): Place[] {
    const heads = [...this.requests]
      .filter(({ pending }) => pending.length > 0)
      .map((request) => ({ request, next: 0, turn: Math.max(request.turn, this.now) }))
    const places: Place[] = []
    for (let found = 0; found < tokens && heads.length > 0; ) {
      const head = heads.reduce((first, other) => (other.turn < first.turn ? other : first))
      const index = head.request.pending[head.next++]
      const length = head.request.rows[index].input_ids.length
      places.push({ request: head.request, index })
      head.turn += length
      found += length
      if (head.next === head.request.pending.length) heads.splice(heads.indexOf(head), 1)
    }
    return places
  }
}

const tokensOf = (rows: readonly Row[]): number => rows.reduce((sum, { input_ids }) => sum + input_ids.length, 0)
