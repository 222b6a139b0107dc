import { createHash, randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { SpanforgeError } from '../errors.ts'
import { isUnsupported } from './explain.ts'
import { type LockOwner, parseOwner } from './lock-owner.ts'

/** A lock file as found at a certain time. */
export interface FoundLock {
  readonly owner: LockOwner | undefined
  /** Changes with every heartbeat, and differs between holders. */
  readonly beat: string
  /** Milliseconds since 1970, by the clock of the holder's machine. */
  readonly modified: number
}

/** Lock files are much shorter. */
const MAX_BYTES = 4096

/** Digits at the end of the names of temporary files next to a lock file. */
const SUFFIX = 12

/** Reads a lock file. Returns undefined if it does not exist. */
export function findLock(path: string): FoundLock | undefined {
  try {
    // Reading a FIFO would block.
    if (!fs.statSync(path).isFile()) throw new Error('not a file')
    // Opening the file makes network file systems return its current state on the server.
    const file = fs.openSync(path, 'r')
    try {
      const bytes = Buffer.alloc(MAX_BYTES)
      const text = bytes.toString('utf8', 0, fs.readSync(file, bytes))
      const { mtimeMs } = fs.fstatSync(file)
      return { owner: parseOwner(text), beat: `${mtimeMs} ${text}`, modified: mtimeMs }
    } finally {
      fs.closeSync(file)
    }
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (code === 'ENOTDIR' || (code === 'ENOENT' && !isDangling(path))) return undefined
    throw new SpanforgeError(`${path}: is not a readable lock file (${(error as Error).message})`, {
      remedy: 'If no other process uses this location, remove the file.',
      cause: error,
    })
  }
}

/** Whether a name without a file is a symbolic link. A regular file was created after the file was not found. */
const isDangling = (path: string): boolean => fs.lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false

/** Creates a lock file atomically, so that it is never read half-written. Returns false if it already exists. */
export function createLock(path: string, text: string): boolean {
  const temporary = besides(path)
  try {
    fs.writeFileSync(temporary, text, { flag: 'wx' })
    return giveName(temporary, path)
  } finally {
    fs.rmSync(temporary, { force: true })
  }
}

/**
 * Removes the lock of a dead holder. Does nothing if the lock has changed since it was found. To exclude that a second
 * process removes the lock of a third one, which has just acquired it, only the process that creates the returned path
 * may remove this lock.
 * @param text contents of that file, which name this process
 * @returns the path, if another process has created it
 */
export function breakLock(path: string, found: FoundLock, text: string): string | undefined {
  const permit = permitOf(path, found)
  if (!createLock(permit, text)) return permit
  try {
    removeLock(path, found)
  } finally {
    fs.rmSync(permit, { force: true })
  }
  return undefined
}

export const permitOf = (path: string, found: FoundLock): string =>
  `${path}.${createHash('sha256').update(found.beat).digest('hex').slice(0, SUFFIX)}`

/** Removes a lock unless it has changed since it was found. If it changes during the call, it is restored. */
export function removeLock(path: string, found: FoundLock): void {
  if (findLock(path)?.beat !== found.beat) return
  const aside = besides(path)
  try {
    fs.renameSync(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  // The holder was only paused and has just renewed the lock.
  if (findLock(aside)?.beat !== found.beat) giveName(aside, path)
  fs.rmSync(aside, { force: true })
}

type RenewalCalls = Pick<typeof fs, 'openSync' | 'readFileSync' | 'futimesSync' | 'writeSync' | 'closeSync'>

/**
 * Renews a lock and returns whether it is still held. A contender moves the lock file away before checking its time
 * again, and this function checks that the file exists after setting the time, so one of them always notices the other.
 *
 * The heartbeat thread runs the source text of this function, so it must not use anything from outside.
 */
export function renewLock(
  { openSync, readFileSync, futimesSync, writeSync, closeSync }: RenewalCalls,
  path: string,
  text: string,
): boolean {
  let file: number | undefined
  try {
    file = openSync(path, 'r+')
    if (readFileSync(file, 'utf8') !== text) return false
    try {
      futimesSync(file, new Date(), new Date())
    } catch {
      // If the file system cannot set times, writing the same bytes has the same effect.
      writeSync(file, text, 0)
    }
    return readFileSync(path, 'utf8') === text
  } catch {
    return false
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/**
 * Removes files that killed processes left next to a lock file. Recent ones belong to processes that are acquiring the
 * lock.
 */
export function removeLeftovers(path: string, age: number): void {
  const prefix = `${basename(path)}.`
  for (const name of fs.readdirSync(dirname(path))) {
    if (!name.startsWith(prefix) || !/^[0-9a-f]{12}$/.test(name.slice(prefix.length))) continue
    const left = join(dirname(path), name)
    const found = fs.statSync(left, { throwIfNoEntry: false })
    if (found && Date.now() - found.mtimeMs > age) fs.rmSync(left, { force: true })
  }
}

const besides = (path: string): string => `${path}.${randomBytes(SUFFIX / 2).toString('hex')}`

/** Gives a file its name unless the name is taken. */
function giveName(file: string, path: string): boolean {
  try {
    fs.linkSync(file, path)
    return true
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' || code === 'ENOENT') return false
    if (!isUnsupported(error)) throw error
  }
  try {
    fs.copyFileSync(file, path, fs.constants.COPYFILE_EXCL)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}
