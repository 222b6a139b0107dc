import { constants, type Stats } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { SpanforgeError } from '../errors.ts'
import { IMPOSTOR_BYTES, refuseImpostor } from './impostor.ts'

/** Large enough that the disk is the limit, small enough to keep out of the way of 2 GiB limits and of memory. */
export const CHUNK_BYTES = 64 * 2 ** 20

/** A file that is read at any place, where no place and no length that the file itself names is believed. */
export class BinaryFile {
  private constructor(
    readonly path: string,
    readonly size: number,
    private readonly handle: FileHandle,
  ) {}

  static async open(path: string): Promise<BinaryFile> {
    const handle = await openRegularFile(path)
    try {
      const file = new BinaryFile(path, (await handle.stat()).size, handle)
      const beginning = await file.read(0, Math.min(IMPOSTOR_BYTES, file.size), 'the beginning')
      refuseImpostor(path, Buffer.from(beginning).toString('latin1'))
      return file
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** `length` bytes from `position`; `what` is what they are, for the error when the file is too short for them. */
  async read(position: number, length: number, what: string): Promise<Uint8Array> {
    this.checkRange(position, length, what)
    const bytes = new Uint8Array(length)
    await this.readInto(bytes, position, what)
    return bytes
  }

  /** Fills `target` with the bytes from `position`, without a buffer in between. */
  async readInto(target: Uint8Array, position: number, what: string): Promise<void> {
    this.checkRange(position, target.length, what)
    for (let done = 0; done < target.length; ) {
      const length = Math.min(CHUNK_BYTES, target.length - done)
      const { bytesRead } = await this.handle
        .read(target, done, length, position + done)
        .catch((error) => Promise.reject(cannotRead(this.path, error)))
      if (bytesRead === 0) throw new SpanforgeError(`${this.path}: became shorter while ${what} was read`)
      done += bytesRead
    }
  }

  close(): Promise<void> {
    return this.handle.close()
  }

  private checkRange(position: number, length: number, what: string): void {
    const end = position + length
    if (Number.isSafeInteger(end) && position >= 0 && length >= 0 && end <= this.size) return
    throw new SpanforgeError(
      `${this.path}: ${what} lies at bytes ${position} to ${end}, but the file has ${this.size} bytes`,
      { remedy: 'The file is cut off or damaged: download or copy it again.' },
    )
  }
}

/**
 * Opens a file for reading.
 * @throws SpanforgeError for a path that cannot be read, or at which there is no regular file: a FIFO or a device could
 * block for ever or never end
 */
export async function openRegularFile(path: string): Promise<FileHandle> {
  try {
    const found = await stat(path)
    if (!found.isFile())
      throw new SpanforgeError(`${path}: found ${kindOf(found)}, expected a file`, {
        remedy: 'Give the path of a regular file: write what comes from elsewhere to one first.',
      })
    return await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    throw error instanceof SpanforgeError ? error : cannotRead(path, error)
  }
}

function kindOf(found: Stats): string {
  if (found.isDirectory()) return 'a folder'
  if (found.isFIFO()) return 'a named pipe (FIFO)'
  return found.isSocket() ? 'a socket' : 'a device'
}

/** The error for a file that the system does not let us read. */
export function cannotRead(path: string, error: unknown): SpanforgeError {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new SpanforgeError(`${path}: does not exist`, { remedy: 'Check the path.', cause: error })
  return new SpanforgeError(`${path}: cannot be read (${message})`, { cause: error })
}
