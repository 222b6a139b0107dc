import { randomBytes } from 'node:crypto'
import { lstatSync, statSync } from 'node:fs'
import { type FileHandle, link, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { explain, isUnsupported } from './explain.ts'
import { assertLocksHeld } from './lock.ts'

export type FileData = string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/**
 * Writes a file so that its name always refers to either the complete old content or the complete new one. Writes to a
 * temporary file in the same folder, flushes it, renames it, and flushes the folder. The folder must exist. If writing
 * fails, the target is unchanged and the temporary file is removed.
 * @throws SpanforgeError if the file cannot be written, or if this process has lost a lock that guards it
 */
export async function writeFileAtomic(path: string, data: FileData): Promise<void> {
  await write(path, data, rename)
}

/** Like `writeFileAtomic`, but returns false and keeps the existing file if there is one with this name in the end. */
export const writeNewFile = (path: string, data: FileData): Promise<boolean> => write(path, data, giveNewName)

async function write<T>(path: string, data: FileData, giveName: (from: string, to: string) => Promise<T>): Promise<T> {
  const temporary = temporaryName(path)
  try {
    await writeFlushed(temporary, chunksOf(data))
    assertLocksHeld(path)
    const named = await giveName(temporary, path)
    await flushFolder(dirname(path))
    return named
  } catch (error) {
    throw explain(path, error)
  } finally {
    await rm(temporary, { force: true }).catch(() => {})
  }
}

/** Most file systems allow names of 255 bytes. A UTF-16 code unit takes up to three bytes. */
const MAX_START_LENGTH = 78

/** A new name in the same folder. `removeTemporaryFiles` removes such files. */
export function temporaryName(path: string): string {
  const name = basename(path)
  const start = Buffer.byteLength(name) > 3 * MAX_START_LENGTH ? name.slice(0, MAX_START_LENGTH) : name
  return join(dirname(path), `.${start}.${randomBytes(6).toString('hex')}.tmp`)
}

/** Renames a file. Returns false and changes nothing if the new name is taken by another file. */
export async function giveNewName(file: string, path: string): Promise<boolean> {
  try {
    await link(file, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      // A process that was killed after linking may have left both names.
      if (!isSameFile(file, path)) return false
    } else if (!isUnsupported(error)) throw error
    else if (lstatSync(path, { throwIfNoEntry: false })) return false
    else {
      await rename(file, path)
      return true
    }
  }
  await rm(file)
  return true
}

/**
 * Removes incomplete files of killed processes from a folder. Must be called only by the process that currently writes
 * to it.
 */
export async function removeTemporaryFiles(folder: string): Promise<void> {
  const left = (await readdir(folder)).filter((name) => /^\..+\.[0-9a-f]{12}\.tmp$/.test(name))
  for (const name of left) await rm(join(folder, name), { force: true })
}

function chunksOf(data: FileData): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (typeof data === 'string') return [Buffer.from(data)]
  return data instanceof Uint8Array ? [data] : data
}

async function writeFlushed(path: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'wx')
  try {
    for await (const chunk of chunks) await writeWhole(file, chunk)
    await flush(file)
  } finally {
    await file.close()
  }
}

/** write() may write less than requested: at 2 GiB on Linux, or if the disk is almost full. */
async function writeWhole(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done)).bytesWritten
}

/**
 * Flushes the directory entries of a folder, so that a rename survives a power failure, if the file system supports
 * this.
 */
export async function flushFolder(path: string): Promise<void> {
  // Windows cannot open folders, but journals renames.
  if (process.platform === 'win32') return
  const folder = await open(path).catch((error) => {
    // The folder may be write-only.
    if (!isUnsupported(error)) throw error
  })
  if (!folder) return
  try {
    await flush(folder)
  } finally {
    await folder.close()
  }
}

/** Flushes a file or folder to disk, if the file system supports this. */
export async function flush(file: Pick<FileHandle, 'sync'>): Promise<void> {
  await file.sync().catch((error) => {
    if (!isUnsupported(error)) throw error
  })
}

/** Whether two names refer to the same existing file, including through links and with different case. */
export function isSameFile(a: string, b: string): boolean {
  const [first, second] = [a, b].map((path) => statSync(path, { throwIfNoEntry: false, bigint: true }))
  return first !== undefined && first.dev === second?.dev && first.ino === second.ino
}
