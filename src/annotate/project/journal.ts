import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parseBoundedJson } from '../../bounded-json.ts'
import { SpanforgeError } from '../../errors.ts'
import { flushFolder } from '../../files/atomic.ts'
import { cannotRead } from '../../files/binary-file.ts'
import { explain } from '../../files/explain.ts'
import { assertLocksHeld } from '../../files/lock.ts'
import { showIssues } from '../../show-value.ts'
import { SerialQueue } from '../../threads/serial-queue.ts'
import { type AnnotationEvent, eventSchema, type NewEvent } from './events.ts'

/** A journal as read from its file. */
export interface ReadJournal {
  readonly events: readonly AnnotationEvent[]
  /** Bytes of its complete lines. */
  readonly bytes: number
  /** Whether its last line was not written to the end, because the process was killed. */
  readonly isTorn: boolean
}

const LINE_FEED = 0x0a

/**
 * Reads the events of a journal. An incomplete last line is left out: its event was never confirmed.
 * @throws SpanforgeError that names the line for anything else that is not an event
 */
export async function readJournal(path: string): Promise<ReadJournal> {
  const file = await open(path).catch((error) => Promise.reject(cannotRead(path, error)))
  try {
    const content = await file.readFile().catch((error) => Promise.reject(cannotRead(path, error)))
    const events: AnnotationEvent[] = []
    let start = 0
    for (let end = content.indexOf(LINE_FEED); end >= 0; end = content.indexOf(LINE_FEED, start)) {
      events.push(parseEvent(content.toString('utf8', start, end), `${path}: line ${events.length + 1}`))
      start = end + 1
    }
    return { events, bytes: start, isTorn: start < content.length }
  } finally {
    await file.close()
  }
}

function parseEvent(line: string, place: string): AnnotationEvent {
  const corrupted = (finding: string, cause?: unknown) =>
    new SpanforgeError(`${place}: ${finding}`, {
      remedy: 'The journal was modified or written by another version of spanforge. Restore it from a backup.',
      cause,
    })
  let value: unknown
  try {
    value = parseBoundedJson(line)
  } catch (cause) {
    throw corrupted(`not valid JSON (${(cause as Error).message})`, cause)
  }
  const { success, data, error } = eventSchema.safeParse(value)
  if (success) return data
  throw corrupted(`not an event of an annotation project: ${showIssues(error.issues)}`, error)
}

/**
 * The events of a project in a file that only grows, one line of JSON per event. An event has been flushed to disk when
 * `append` resolves, so it survives a crash.
 */
export class ProjectJournal {
  private readonly writes = new SerialQueue()

  private constructor(
    readonly path: string,
    private readonly file: FileHandle,
    private bytes: number,
  ) {}

  /** Opens the journal for appending, without an incomplete last line. The caller must hold the lock of its folder. */
  static async open(
    path: string,
  ): Promise<{ readonly journal: ProjectJournal; readonly events: readonly AnnotationEvent[] }> {
    const file = await open(path, 'a').catch((error) => Promise.reject(explain(path, error)))
    try {
      const { events, bytes, isTorn } = await readJournal(path)
      if (isTorn) await file.truncate(bytes)
      await flushFolder(dirname(path))
      return { journal: new ProjectJournal(path, file, bytes), events }
    } catch (error) {
      await file.close()
      throw explain(path, error)
    }
  }

  /** Appends events with the current time, all of them or none. */
  append(events: readonly NewEvent[]): Promise<readonly AnnotationEvent[]> {
    return this.writes.run(async () => {
      const at = new Date().toISOString()
      const timed = events.map((event) => ({ at, ...event }) as AnnotationEvent)
      const bytes = Buffer.from(timed.map((event) => `${JSON.stringify(event)}\n`).join(''))
      assertLocksHeld(this.path)
      try {
        for (let done = 0; done < bytes.length; ) done += (await this.file.write(bytes, done)).bytesWritten
        await this.file.datasync()
      } catch (error) {
        // A part of a line must not stay before the next one.
        await this.file.truncate(this.bytes).catch(() => {})
        throw explain(this.path, error)
      }
      this.bytes += bytes.length
      return timed
    })
  }

  async close(): Promise<void> {
    await this.writes.run(() => this.file.close())
  }
}
