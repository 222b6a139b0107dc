import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '../files/atomic.ts'
import { RUN_NOTE_FILE } from '../runs/train/run-files.ts'

/** Characters of a note at most. */
export const MAX_NOTE_LENGTH = 2000

/** What the user wrote about a run; '' where nothing was written. */
export async function readNote(folder: string): Promise<string> {
  const text = await readFile(join(folder, RUN_NOTE_FILE), 'utf8').catch(() => '')
  return text.slice(0, MAX_NOTE_LENGTH).trimEnd()
}

/** Keeps a note in the run's folder; an empty one is removed. */
export async function writeNote(folder: string, note: string): Promise<void> {
  const path = join(folder, RUN_NOTE_FILE)
  if (note.trim() === '') await rm(path, { force: true })
  else await writeFileAtomic(path, `${note.trim()}\n`)
}
