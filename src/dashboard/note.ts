import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '../files/atomic.ts'
import { RUN_NOTE_FILE } from '../runs/train/run-files.ts'

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
