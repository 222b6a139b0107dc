import { mkdirSync } from 'node:fs'
import { SpanforgeError } from '../errors.ts'

const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: free some space or write elsewhere. Existing files are intact.',
  EDQUOT: 'The disk quota is exhausted: free some space or write elsewhere. Existing files are intact.',
  EACCES: 'The folder is not writable: change its permissions or write elsewhere.',
  EPERM: 'The folder is not writable: change its permissions or write elsewhere.',
  EROFS: 'The file system is read-only: write elsewhere.',
  ENOENT: 'The folder does not exist: create it first.',
  ENOTDIR: 'A part of the path is a file, not a folder: write elsewhere.',
  EEXIST: 'A file with this name exists: remove it or write elsewhere.',
  EISDIR: 'A folder with this name exists: remove it or write elsewhere.',
  ENAMETOOLONG: 'Choose a shorter name.',
  EFBIG: 'The file exceeds the limit of the file system or ulimit -f: write elsewhere.',
}

/** Says that a file or folder could not be written. Its cause is the system's error. */
export class WriteError extends SpanforgeError {}

/**
 * Converts a system error into one that explains why `path` could not be written, with a remedy. Returns other errors
 * unchanged.
 */
export function explain(path: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  if (error instanceof SpanforgeError || typeof code !== 'string') return error
  const remedy = REMEDIES[code]
  return new WriteError(`${path}: cannot be written (${(error as Error).message})`, { remedy, cause: error })
}

/** Creates a folder and its parent folders. */
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

/**
 * Error codes of operations that a file system does not support, such as links on exFAT or flushing on some user-space
 * ones.
 */
const CODES = ['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EMLINK', 'ENOTTY']

/** Whether an operation failed because the file system does not support it, so that another method may succeed. */
export const isUnsupported = (error: unknown): boolean => CODES.includes((error as NodeJS.ErrnoException).code ?? '')
