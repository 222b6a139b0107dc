/**
 * Decides whose rows are computed next. Requests wait in lines by size, and each line gets twice the share of the next
 * larger one: a question about a page does not have to wait for books, and books still make progress while questions
 * keep arriving. Within a line, clients take turns by tokens, so that a client with many requests gets no more than one
 * with few. The requests of a client take turns in the same way. A new client, or a new request of a client, starts
 * behind those that are already waiting, so later arrivals cannot overtake them.
 *
 * The lines are the flows of start-time fair queueing (Goyal, Vin and Cheng 1996). Requests themselves cannot be the
 * flows: while short ones keep arriving, each starts at the virtual time of the one being computed. Virtual time then
 * does not advance, and the second row of a longer request never gets its turn.
 */
import type { RowSource } from '../tokenizing/window-rows.ts'

/** A waiting request that keeps track of its remaining rows. */
export class Turn {
  /** The request with the lowest turn of a client is next. */
  turn = 0
  /** Tokens of the waiting rows. */
  tokens: number
  /** All rows before this one have been taken, except those in `passedOver`. */
  private next = 0
  private passedOver: number[] = []

  constructor(
    readonly rows: RowSource,
    readonly client: string,
  ) {
    this.tokens = rows.tokens
  }

  /** Number of waiting rows. */
  get waiting(): number {
    return this.passedOver.length + this.rows.count - this.next
  }

  /** The index of the waiting row at a position. */
  at(place: number): number {
    const { passedOver } = this
    return place < passedOver.length ? passedOver[place] : this.next + place - passedOver.length
  }

  /** Removes rows from the waiting ones and returns the number of their tokens. */
  take(rows: ReadonlySet<number>): number {
    let tokens = 0
    for (const row of rows) {
      tokens += this.rows.length(row)
      while (this.next <= row) this.passedOver.push(this.next++)
    }
    this.passedOver = this.passedOver.filter((row) => !rows.has(row))
    this.tokens -= tokens
    this.turn += tokens
    return tokens
  }
}

/** A waiting row of a request. */
export interface QueuedRow<T extends Turn> {
  readonly request: T
  readonly row: number
}

/** The requests of a client in one line. */
interface Client<T> {
  readonly requests: Set<T>
  /** The client with the lowest turn of a line is next. */
  turn: number
}

interface Line<T> {
  /** Maximum tokens of a request in this line. */
  readonly max: number
  readonly share: number
  readonly clients: Map<string, Client<T>>
  /** The line with the lowest turn is next. */
  turn: number
}

/** Maximum tokens of a request in each line: a few paragraphs, a few pages, books. */
const SIZES = [2048, 16_384, Infinity]

export class Turns<T extends Turn> {
  private readonly lines: readonly Line<T>[] = SIZES.map((max, index) => ({
    max,
    share: 2 ** (SIZES.length - 1 - index),
    clients: new Map<string, Client<T>>(),
    turn: 0,
  }))
  /** Virtual time: the turn of the line that was last served. */
  private now = 0

  get isEmpty(): boolean {
    return this.lines.every(({ clients }) => clients.size === 0)
  }

  add(request: T): void {
    const line = this.lineOf(request)
    const { clients } = line
    // An empty line does not accumulate credit.
    if (clients.size === 0) line.turn = Math.max(line.turn, this.now)
    const client = clients.get(request.client) ?? { requests: new Set<T>(), turn: highestTurn(clients.values()) }
    clients.set(request.client, client)
    request.turn = highestTurn(client.requests)
    client.requests.add(request)
  }

  delete(request: T): void {
    const { clients } = this.lineOf(request)
    const client = clients.get(request.client)
    client?.requests.delete(request)
    if (client?.requests.size === 0) clients.delete(request.client)
  }

  /** The next rows in turn: at least one, and enough to reach `tokens` if available. */
  ahead(tokens: number): QueuedRow<T>[] {
    const lines = this.lines.flatMap((line) => (line.clients.size === 0 ? [] : [lineAhead(line)]))
    const places: QueuedRow<T>[] = []
    for (let found = 0; found < tokens && lines.length > 0; ) {
      const line = lowest(lines)
      const client = lowest(line.clients)
      const head = lowest(client.heads)
      const { request } = head
      const row = request.at(head.place++)
      const length = request.rows.length(row)
      places.push({ request, row })
      found += length
      head.turn += length
      client.turn += length
      line.turn += length / line.share
      if (head.place === request.waiting) remove(client.heads, head)
      if (client.heads.length === 0) remove(line.clients, client)
      if (line.clients.length === 0) remove(lines, line)
    }
    return places
  }

  /** Removes rows and returns the number of their tokens. The first row must be the first one returned by `ahead`. */
  take(places: readonly QueuedRow<T>[]): number {
    const rows = new Map<T, Set<number>>()
    for (const { request, row } of places) rows.set(request, (rows.get(request) ?? new Set()).add(row))
    this.now = this.lineOf(places[0].request).turn
    let total = 0
    for (const [request, taken] of rows) {
      const line = this.lineOf(request)
      const tokens = request.take(taken)
      line.turn += tokens / line.share
      line.clients.get(request.client)!.turn += tokens
      total += tokens
      if (request.waiting === 0) this.delete(request)
    }
    return total
  }

  private lineOf({ rows }: T): Line<T> {
    return this.lines.find(({ max }) => rows.tokens <= max)!
  }
}

interface Turned {
  readonly turn: number
}

/** A copy of a line, used to simulate future turns. */
const lineAhead = <T extends Turn>({ turn, share, clients }: Line<T>) => ({
  turn,
  share,
  clients: [...clients.values()].map(({ turn, requests }) => ({
    turn,
    heads: [...requests].map((request) => ({ request, turn: request.turn, place: 0 })),
  })),
})

const highestTurn = (all: Iterable<Turned>): number => {
  let highest = 0
  for (const { turn } of all) highest = Math.max(highest, turn)
  return highest
}

/** The element with the lowest turn, or the first of several. */
const lowest = <T extends Turned>(all: readonly T[]): T =>
  all.reduce((first, other) => (other.turn < first.turn ? other : first))

const remove = <T>(all: T[], one: T): void => void all.splice(all.indexOf(one), 1)
