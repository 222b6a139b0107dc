import type { Dirent } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { writeFileAtomic } from '../files/atomic.ts'
import { ARGUMENTS_FILE, RUN_NOTE_FILE } from '../runs/run-files.ts'
import { isRunInProgress } from '../training/checkpoints/run-lock.ts'
import { STATE_FILE } from '../training/checkpoints/state.ts'
import { lastChange, type PastRun, problemText, readPastRun } from './past-run.ts'
import type { ArgumentValues, RunStatus } from './records.ts'

/** Maximum number of folders to search, because the start folder may be a home folder. */
const MAX_FOLDERS = 2000
const MAX_RUNS = 500

/** An entry in the list of runs. */
export interface RunEntry {
  /** Folder of the run relative to the searched folder; '.' for the searched folder itself. */
  readonly id: string
  readonly status: RunStatus
  readonly changed: number
  readonly step: number
  readonly max_steps: number
  readonly best_step: number | null
  /** Scores of the best evaluation, or of the last one if none is marked as best. */
  readonly scores: { readonly loss?: number; readonly exact_match?: number; readonly f1?: number }
  readonly arguments: ArgumentValues
  /** The user's note. */
  readonly note: string
  readonly problems: readonly string[]
}

/** The runs in a folder and its subfolders, up to `depth` levels. */
export class PastRuns {
  private readonly entries = new Map<string, { readonly state: string; readonly entry: RunEntry }>()

  constructor(
    readonly folder: string,
    private readonly depth: number,
  ) {}

  /** All runs, most recently changed first. */
  async list(): Promise<RunEntry[]> {
    const ids = await this.ids()
    const entries: RunEntry[] = []
    for (const id of ids) entries.push(await this.entry(id))
    return entries.sort((a, b) => b.changed - a.changed)
  }

  /** Finds a run by id. Only ids from the list are valid, so a request cannot access other paths. */
  async find(id: string): Promise<PastRun | undefined> {
    return (await this.ids()).includes(id) ? readPastRun(join(this.folder, id)) : undefined
  }

  /** Saves a note and returns true, or returns false if the run does not exist. */
  async setNote(id: string, note: string): Promise<boolean> {
    if (!(await this.ids()).includes(id)) return false
    await writeNote(join(this.folder, id), note.slice(0, MAX_NOTE_LENGTH))
    this.entries.delete(id)
    return true
  }

  /** The entry of a run, read again only if something has changed. */
  private async entry(id: string): Promise<RunEntry> {
    const folder = join(this.folder, id)
    const note = await readNote(folder)
    const state = `${await stateOf(folder)} ${note}`
    const known = this.entries.get(id)
    if (known?.state === state) return known.entry
    const entry = await readPastRun(folder).then(
      (run) => entryOf(id, run, note),
      (error) => unreadableEntry(id, error),
    )
    this.entries.set(id, { state, entry })
    return entry
  }

  private async ids(): Promise<string[]> {
    const found: string[] = []
    let [level, seen] = [[this.folder], 0]
    for (let depth = 0; depth <= this.depth; depth++) {
      const below: string[] = []
      for (const folder of level) {
        if (++seen > MAX_FOLDERS || found.length >= MAX_RUNS) return found
        const entries = await readdir(folder, { withFileTypes: true }).catch((): Dirent[] => [])
        if (entries.some(isOfRun)) found.push(relative(this.folder, folder) || '.')
        else below.push(...entries.filter(isOpen).map(({ name }) => join(folder, name)))
      }
      level = below
    }
    return found
  }
}

const stateOf = async (folder: string): Promise<string> => `${await lastChange(folder)} ${isRunInProgress(folder)}`

const isOfRun = (entry: Dirent): boolean =>
  entry.isDirectory() ? /^checkpoint-\d+$/.test(entry.name) : [ARGUMENTS_FILE, STATE_FILE].includes(entry.name)

const isOpen = (entry: Dirent): boolean =>
  entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules'

/** The entry of an unreadable run. */
const unreadableEntry = (id: string, error: unknown): RunEntry => ({
  id,
  status: 'interrupted',
  changed: 0,
  step: 0,
  max_steps: 0,
  best_step: null,
  scores: {},
  arguments: {},
  note: '',
  problems: [problemText(id, error)],
})

function entryOf(id: string, { view, changed, problems }: PastRun, note: string): RunEntry {
  const { status, step, max_steps, best_step } = view
  const evaluations = view.log.filter(({ eval_loss }) => eval_loss !== undefined)
  const best = evaluations.find((entry) => entry.step === best_step) ?? evaluations.at(-1)
  const scores = { loss: best?.eval_loss, exact_match: best?.eval_exact_match, f1: best?.eval_f1 }
  return { id, status, changed, step, max_steps, best_step, scores, arguments: view.arguments, note, problems }
}

/** Maximum characters of a note. */
export const MAX_NOTE_LENGTH = 2000

/** Reads the user's note about a run, or '' if there is none. */
export async function readNote(folder: string): Promise<string> {
  const text = await readFile(join(folder, RUN_NOTE_FILE), 'utf8').catch(() => '')
  return text.slice(0, MAX_NOTE_LENGTH).trimEnd()
}

/** Saves a note in the folder of the run. An empty note deletes the file. */
export async function writeNote(folder: string, note: string): Promise<void> {
  const path = join(folder, RUN_NOTE_FILE)
  if (note.trim() === '') await rm(path, { force: true })
  else await writeFileAtomic(path, `${note.trim()}\n`)
}
