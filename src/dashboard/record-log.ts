import { randomBytes } from 'node:crypto'
import type { Pulse, RunRecord } from './records.ts'

/** Receives each record as JSON, with an id to continue after. */
export type Subscriber = (id: string, json: string) => void

/**
 * The records of a run in order, as JSON. A subscriber receives all of them, past and future, or only those after a
 * given id. Ids contain the log's name, so that an id from another process is not mistaken for one of this log.
 */
export class RecordLog {
  private readonly name = randomBytes(6).toString('hex')
  private readonly subscribers = new Set<Subscriber>()
  private readonly mirrors = new Set<(json: string) => void>()
  /** Whether a copy of this log has subscribers. */
  isWatchedElsewhere = false

  constructor(
    private readonly entries: string[] = [],
    private readonly onWatched?: (isWatched: boolean) => void,
  ) {}

  get all(): readonly string[] {
    return this.entries
  }

  get isWatched(): boolean {
    return this.subscribers.size > 0 || this.isWatchedElsewhere
  }

  append(record: RunRecord): string {
    const json = JSON.stringify(record)
    this.appendJson(json)
    return json
  }

  appendJson(json: string): void {
    this.entries.push(json)
    const id = this.idOf(this.entries.length)
    for (const subscriber of this.subscribers) subscriber(id, json)
    for (const mirror of this.mirrors) mirror(json)
  }

  /** Passes every record to a copy of this log, past ones first. A copy alone does not count as watching. */
  mirror(mirror: (json: string) => void): void {
    for (const json of this.entries) mirror(json)
    this.mirrors.add(mirror)
  }

  /** Whether this log knows the id. If not, a subscriber receives every record again. */
  knows(id: string | undefined): boolean {
    return this.placeOf(id) !== undefined
  }

  /** @returns a function that ends the subscription */
  subscribe(after: string | undefined, subscriber: Subscriber): () => void {
    for (let i = this.placeOf(after) ?? 0; i < this.entries.length; i++) subscriber(this.idOf(i + 1), this.entries[i])
    this.subscribers.add(subscriber)
    this.onWatched?.(true)
    return () => {
      this.subscribers.delete(subscriber)
      this.onWatched?.(this.isWatched)
    }
  }

  private idOf(count: number): string {
    return `${this.name}-${count}`
  }

  /** The number of records up to and including this id. */
  private placeOf(id: string | undefined): number | undefined {
    const [, name, count] = /^([0-9a-f]{12})-(\d{1,12})$/.exec(id ?? '') ?? []
    return name === this.name && Number(count) <= this.entries.length ? Number(count) : undefined
  }
}

export type Action = 'pause' | 'resume' | 'stop'

/** The server's interface to a run in progress, in the same or another thread. */
export interface LiveSource {
  /** Output folder. */
  readonly name: string
  readonly log: RecordLog
  pulse(): Pulse
  /** @throws UsageError where the run's state does not allow the action */
  control(action: Action): void | Promise<void>
}
