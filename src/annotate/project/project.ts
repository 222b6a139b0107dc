import { createHash, randomBytes } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { SpanforgeError, UsageError } from '../../errors.ts'
import { makeFolder } from '../../files/explain.ts'
import { acquireLock, type Lock } from '../../files/lock.ts'
import { packageVersion } from '../../package-root.ts'
import { SerialQueue } from '../../threads/serial-queue.ts'
import { type AnnotationEvent, FORMAT, type NewEvent } from './events.ts'
import { ProjectJournal, readJournal } from './journal.ts'
import { ProjectState } from './state.ts'

export const journalFile = (folder: string): string => join(folder, 'journal.jsonl')

/** Digest that identifies a text. */
export const digestOf = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex')

/** The id of a passage. */
export const passageId = (text: string): string => digestOf(text).slice(0, 16)

export const newId = (): string => randomBytes(12).toString('hex')

/** A project opened for annotating. Only one process can have it open. */
export class Project {
  private readonly changes = new SerialQueue()

  private constructor(
    readonly folder: string,
    readonly state: ProjectState,
    private readonly journal: ProjectJournal,
    private readonly lock: Lock,
  ) {}

  get name(): string {
    return basename(resolve(this.folder))
  }

  /**
   * Opens the project in a folder, or creates it.
   * @throws SpanforgeError if another process has it open, or its journal is corrupted
   */
  static async open(folder: string): Promise<Project> {
    if (existsSync(folder) && !statSync(folder).isDirectory())
      throw new UsageError(`${folder}: is a file, expected the folder of a project`, 'Choose another --output_dir.')
    makeFolder(folder)
    const lock = await acquireLock(join(folder, 'annotate.lock'), {
      guards: folder,
      remedy: 'open its page; several people can use it at once',
    })
    try {
      const { journal, events } = await ProjectJournal.open(journalFile(folder))
      try {
        const project = new Project(folder, stateOf(events, journal.path), journal, lock)
        if (events.length === 0) await project.append([{ type: 'project', format: FORMAT, version: packageVersion() }])
        return project
      } catch (error) {
        await journal.close()
        throw error
      }
    } catch (error) {
      lock.release()
      throw error
    }
  }

  /**
   * Stores events and changes the state accordingly, all of them or none.
   * @throws UsageError if an event does not fit the state
   */
  append(events: readonly NewEvent[]): Promise<void> {
    return this.change(() => [events, undefined])
  }

  /** Like `append`, with events that depend on the state, which does not change in between. Returns the second value. */
  change<T>(decide: (state: ProjectState) => readonly [events: readonly NewEvent[], result: T]): Promise<T> {
    return this.changes.run(async () => {
      const [events, result] = decide(this.state)
      for (const event of events) this.state.check(event)
      if (events.length > 0) for (const event of await this.journal.append(events)) this.state.apply(event)
      return result
    })
  }

  async close(): Promise<void> {
    await this.changes.run(() => this.journal.close())
    this.lock.release()
  }
}

/**
 * Reads the state of a project that another process may have open.
 * @throws UsageError if the folder has no project
 */
export async function readProject(folder: string): Promise<ProjectState> {
  const path = journalFile(folder)
  if (!existsSync(path))
    throw new UsageError(`${folder}: there is no project (${path} does not exist)`, 'Check --output_dir.')
  return stateOf((await readJournal(path)).events, path)
}

function stateOf(events: readonly AnnotationEvent[], path: string): ProjectState {
  const state = new ProjectState()
  const [first] = events
  if (first && (first.type !== 'project' || first.format !== FORMAT))
    throw new SpanforgeError(`${path}: not a journal of this version of spanforge`, {
      remedy: 'Use the version that created it, or choose another --output_dir.',
    })
  for (const [i, event] of events.entries())
    try {
      state.check(event)
      state.apply(event)
    } catch (cause) {
      throw new SpanforgeError(`${path}: line ${i + 1}: ${(cause as SpanforgeError).summary}`, {
        remedy: 'The journal was modified. Restore it from a backup.',
        cause,
      })
    }
  return state
}
