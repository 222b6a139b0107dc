import { type Stats, statSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { UsageError } from '../../errors.ts'
import { explain, makeFolder } from '../../files/explain.ts'
import { acquireLock, assertLocksHeld, type Lock } from '../../files/lock.ts'
import {
  isQuestionLog,
  LOG_HEADER,
  type LoggedCorrection,
  type LoggedQuestion,
  type LoggedText,
  type QuestionLogEntry,
  readQuestionLog,
} from './entries.ts'

/** A question or a correction with the text that it is about. */
export interface LoggedPair {
  readonly text: LoggedText
  readonly about: LoggedQuestion | LoggedCorrection
}

export interface AppendResult {
  readonly written: number
  /** Number of pairs for which the file has no room. */
  readonly refused: number
}

/**
 * The file of a question log. Each append is a single write of whole lines, so a process that is killed leaves at most one
 * incomplete line, which the next one removes. Calls of `append` must not overlap.
 */
export class LogFile {
  private handle: FileHandle | undefined
  private stats: Pick<Stats, 'dev' | 'ino'> = { dev: 0, ino: 0 }
  private bytes = 0
  /** Entries in the file: the answers of corrections, and "" for others. */
  private readonly known = new Map<string, string>()
  private isFull = false

  private constructor(
    private readonly path: string,
    private readonly maxBytes: number,
    private readonly lock: Lock,
  ) {}

  /**
   * Opens a log for appending, or creates it.
   * @throws UsageError if the file is not a question log
   * @throws SpanforgeError if another process writes to it, or it is not writable
   */
  static async open(path: string, maxBytes: number): Promise<LogFile> {
    checkRegular(path)
    const lock = await acquireLock(`${path}.lock`, { guards: path, remedy: 'choose another file for --log_questions' })
    const file = new LogFile(path, maxBytes, lock)
    try {
      await file.attach()
      return file
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** Appends what the file does not contain yet. If the file was removed or replaced, it is created or read again. */
  async append(pairs: readonly LoggedPair[]): Promise<AppendResult> {
    if (this.isReplaced()) await this.attach()
    const fresh = new Map<string, string>()
    const knownContent = (entry: QuestionLogEntry) => fresh.get(keyOf(entry)) ?? this.known.get(keyOf(entry))
    let lines = ''
    let bytes = this.bytes
    let [written, refused] = [0, 0]
    for (const { text, about } of pairs) {
      if (knownContent(about) === contentOf(about)) continue
      const added = (knownContent(text) === undefined ? [text, about] : [about]) as readonly QuestionLogEntry[]
      const own = added.map((entry) => `${JSON.stringify(entry)}\n`).join('')
      bytes += Buffer.byteLength(own)
      this.isFull ||= bytes > this.maxBytes
      if (this.isFull) {
        refused++
        continue
      }
      for (const entry of added) fresh.set(keyOf(entry), contentOf(entry))
      lines += own
      written++
    }
    if (written > 0) await this.write(lines)
    for (const [key, content] of fresh) this.known.set(key, content)
    return { written, refused }
  }

  async close(): Promise<void> {
    try {
      await this.handle?.datasync().catch(() => {})
      await this.handle?.close()
    } finally {
      this.lock.release()
    }
  }

  private isReplaced(): boolean {
    const found = statSync(this.path, { throwIfNoEntry: false })
    const { dev, ino } = this.stats
    return !this.handle || !found || found.dev !== dev || found.ino !== ino || found.size !== this.bytes
  }

  /** Opens the file, removes an incomplete last line, and reads which entries it has. */
  private async attach(): Promise<void> {
    await this.handle?.close().catch(() => {})
    this.handle = undefined
    this.known.clear()
    checkRegular(this.path)
    makeFolder(dirname(this.path))
    assertLocksHeld(this.path)
    const handle = await open(this.path, 'a+', 0o600).catch((error) => Promise.reject(explain(this.path, error)))
    try {
      this.stats = await handle.stat()
      this.bytes = await this.prepare(handle)
    } catch (error) {
      await handle.close()
      throw explain(this.path, error)
    }
    this.handle = handle
    this.isFull = this.bytes >= this.maxBytes
  }

  /** Returns the number of bytes of the complete lines. */
  private async prepare(handle: FileHandle): Promise<number> {
    const { size } = await handle.stat()
    const bytes = Buffer.alloc(LOG_HEADER.length)
    const head = bytes.toString('latin1', 0, (await handle.read(bytes, 0, bytes.length, 0)).bytesRead)
    if (size === 0 || isIncompleteHeader(head)) {
      await handle.truncate(0)
      await handle.chmod(0o600)
      await handle.write(LOG_HEADER)
      return LOG_HEADER.length
    }
    if (!isQuestionLog(head)) throw notALog(this.path)
    let complete = LOG_HEADER.length
    for await (const { item, end } of readQuestionLog(this.path)) {
      complete = end
      if ('type' in item) this.known.set(keyOf(item), contentOf(item))
    }
    if (complete < size) await handle.truncate(complete)
    return complete
  }

  private async write(lines: string): Promise<void> {
    const bytes = Buffer.from(lines)
    const handle = this.handle!
    try {
      assertLocksHeld(this.path)
      for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done)).bytesWritten
      this.bytes += bytes.length
    } catch (error) {
      // A part of a line must not remain before the next one.
      await handle.truncate(this.bytes).catch(() => {})
      throw explain(this.path, error)
    }
  }
}

const keyOf = ({ type, id }: QuestionLogEntry): string => `${type} ${id}`

const contentOf = (entry: QuestionLogEntry): string =>
  entry.type === 'correction' ? JSON.stringify(entry.answers) : ''

const isIncompleteHeader = (head: string): boolean =>
  head.length < LOG_HEADER.length && head.startsWith('{"spanforge"') && LOG_HEADER.startsWith(head)

/** Rejects folders, devices and pipes, which opening would block on or never end. */
function checkRegular(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found && !found.isFile()) throw notALog(path)
}

const notALog = (path: string): UsageError =>
  new UsageError(
    `${path}: not a question log of this version of spanforge, so nothing is written to it`,
    'Use a new file for --log_questions.',
  )
