import { mkdirSync } from 'node:fs'
import { SpanforgeError } from '../errors.ts'

const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: free some space or write elsewhere. What was there before is intact.',
  EDQUOT: 'The disk quota is used up: free some space or write elsewhere. What was there before is intact.',
  EACCES: 'The folder may not be written to: change its permissions or write elsewhere.',
  EPERM: 'The folder may not be written to: change its permissions or write elsewhere.',
  EROFS: 'The file system is read-only: write elsewhere.',
  ENOENT: 'The folder does not exist: create it first.',
  ENOTDIR: 'A part of the path is a file, not a folder: write elsewhere.',
  EISDIR: 'There is a folder of that name: remove it or write elsewhere.',
  ENAMETOOLONG: 'Choose a shorter name.',
  EFBIG: 'The file is larger than the file system or a limit (ulimit -f) allows: write elsewhere.',
}

/** What kept `path` from being written, with the remedy; other errors as they are. */
export function explain(path: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  if (error instanceof SpanforgeError || typeof code !== 'string') return error
  const remedy = REMEDIES[code]
  return new SpanforgeError(`${path}: cannot be written (${(error as Error).message})`, { remedy, cause: error })
}

/** Creates a folder, with those that it is in. */
export function makeFolder(folder: string): void {
  try {
    try {
      mkdirSync(folder, { recursive: true })
    } catch (error) {
      // With `recursive`, Node reports a read-only file system as ENOENT.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      mkdirSync(folder)
    }
  } catch (error) {
    throw explain(folder, error)
  }
}
