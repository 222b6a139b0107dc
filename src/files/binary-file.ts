import { constants, type Stats } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { SpanforgeError } from '../errors.ts'
import { IMPOSTOR_BYTES, rejectImpostor } from './impostor.ts'

/** Large enough for full disk throughput, small enough to limit memory and to avoid 2 GiB limits. */
export const CHUNK_BYTES = 64 * 2 ** 20

/**
 * A random-access file. All positions and lengths are checked against the file size, because they may come from the
 * file.
 */
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
      rejectImpostor(path, Buffer.from(beginning).toString('latin1'))
      return file
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** Reads `length` bytes from `position`. `what` describes them in the error if the file is too short. */
  async read(position: number, length: number, what: string): Promise<Uint8Array> {
    this.checkRange(position, length, what)
    const bytes = new Uint8Array(length)
    await this.readInto(bytes, position, what)
    return bytes
  }

  /** Fills `target` with the bytes from `position`, without an intermediate buffer. */
  async readInto(target: Uint8Array, position: number, what: string): Promise<void> {
    this.checkRange(position, target.length, what)
    for (let done = 0; done < target.length; ) {
      const length = Math.min(CHUNK_BYTES, target.length - done)
      const { bytesRead } = await this.handle
        .read(target, done, length, position + done)
        .catch((error) => Promise.reject(cannotRead(this.path, error)))
      if (bytesRead === 0) throw new SpanforgeError(`${this.path}: was truncated while ${what} was being read`)
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
      `${this.path}: ${what} is at bytes ${position} to ${end}, but the file has ${this.size} bytes`,
      { remedy: 'The file is truncated or corrupted. Download or copy it again.' },
    )
  }
}

/**
 * Opens a file for reading.
 * @throws SpanforgeError if the file cannot be read, or is not a regular file. FIFOs and devices could block or never
 * end.
 */
export async function openRegularFile(path: string): Promise<FileHandle> {
  try {
    const found = await stat(path)
    if (!found.isFile())
      throw new SpanforgeError(`${path}: found ${kindOf(found)}, expected a file`, {
        remedy: 'Use the path of a regular file. Write data from other sources to a file first.',
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

/** Builds the error for a file that cannot be read. */
export function cannotRead(path: string, error: unknown): SpanforgeError {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new SpanforgeError(`${path}: does not exist`, { remedy: 'Check the path.', cause: error })
  return new SpanforgeError(`${path}: cannot be read (${message})`, { cause: error })
}
