import { randomBytes } from 'node:crypto'
import type { RunRecord } from './records.ts'

/** Told each record as JSON, with the id to go on from. */
export type Subscriber = (id: string, json: string) => void

/**
 * The records of a run in order, as JSON. Whoever subscribes is told all of them, those that were and those that come:
 * with the id of the last one known, only what followed it. Ids name the log too, so that one of another process is
 * not taken for one of ours.
 */
export class RecordLog {
  private readonly name = randomBytes(6).toString('hex')
  private readonly subscribers = new Set<Subscriber>()
  private readonly mirrors = new Set<(json: string) => void>()
  /** Whether somebody watches a copy of this log. */
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

  /** Whether what follows this id can be told; if not, everything is told again. */
  knows(id: string | undefined): boolean {
    return this.placeOf(id) !== undefined
  }

  /** @returns what ends the subscription */
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

  /** How many records were told with this id and before. */
  private placeOf(id: string | undefined): number | undefined {
    const [, name, count] = /^([0-9a-f]{12})-(\d{1,12})$/.exec(id ?? '') ?? []
    return name === this.name && Number(count) <= this.entries.length ? Number(count) : undefined
  }
}
