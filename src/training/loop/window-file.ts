import { createHash } from 'node:crypto'
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cutIntoPasses } from '../../batching/passes.ts'
import { flush, temporaryName } from '../../files/atomic.ts'
import { explain } from '../../files/explain.ts'
import { assertLocksHeld } from '../../files/lock.ts'
import { gatherValues, type Ranks, together } from '../../ranks/ranks.ts'
import type { Window } from '../../squad/types.ts'

export interface WindowFileOptions {
  /** The processes that share the work. All must have the same windows. */
  readonly ranks?: Ranks
  /** Called with the number of windows that have been computed. */
  readonly onProgress?: (done: number) => void
  /** Aborts the computation. */
  readonly signal?: AbortSignal
}

interface Contents extends WindowFileOptions {
  readonly output_dir: string
  /** Name of the file without its extension. */
  readonly name: string
  /** Number of values for each token. */
  readonly width: number
  readonly max_tokens_per_pass: number
  /**
   * Identifies everything on which the values depend. Such a file is kept when it is closed, and used again by a run with
   * the same key.
   */
  readonly key?: string
  /** Computes the values of some windows, one after the other. */
  readonly compute: (windows: readonly Window[]) => Promise<Float32Array>
}

/**
 * Values for each training window, computed once and stored in a file of the output folder, or in one file for each host.
 * A file is stored whole or not at all. The operating system caches frequently read parts in memory.
 */
export class WindowFile {
  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
    /** Byte offset of each window, and the end of the last one. */
    private readonly offsets: Float64Array,
    private readonly isRemoved: boolean,
  ) {}

  static async open(windows: readonly Window[], contents: Contents): Promise<WindowFile> {
    const { output_dir, name, width, key, ranks, max_tokens_per_pass } = contents
    const header = key === undefined ? Buffer.alloc(0) : createHash('sha256').update(key).digest()
    const lengths = windows.map(({ input_ids }) => input_ids.length)
    const offsets = new Float64Array(windows.length + 1)
    offsets[0] = header.length
    for (const [i, length] of lengths.entries()) offsets[i + 1] = offsets[i] + length * width * 4
    const isOwner = !ranks || ranks.local.rank === 0
    const path = join(output_dir, fileName(name, ranks))
    const opened = async (file?: FileHandle) =>
      new WindowFile(path, file ?? (await open(path, 'r')), offsets, isOwner && key === undefined)

    const isStored = key !== undefined && (!isOwner || (await hasContents(path, header, offsets[windows.length])))
    if (ranks ? (await gatherValues(ranks, isStored)).every(Boolean) : isStored) return opened()

    const temporary = temporaryName(path)
    const created = await together(ranks, async () => (isOwner ? create(path, temporary) : undefined))
    try {
      await together(ranks, async () => created && writeAt(path, created, header, 0))
      const passes = cutIntoPasses(lengths, max_tokens_per_pass)
      await computePasses(windows, passes, contents, async (pass, bytes) => {
        let start = 0
        for (const i of pass) {
          const end = start + offsets[i + 1] - offsets[i]
          if (created) await writeAt(path, created, bytes.subarray(start, end), offsets[i])
          start = end
        }
      })
      await together(ranks, async () => {
        if (!created) return
        if (key !== undefined) await flush(created)
        await rename(temporary, path)
      })
      return await opened(created)
    } catch (error) {
      await created?.close()
      if (isOwner)
        for (const unfinished of [temporary, ...(key === undefined ? [path] : [])])
          await rm(unfinished, { force: true })
      throw explain(path, error)
    }
  }

  /** Returns the values of a window. */
  async read(window: number): Promise<Float32Array> {
    const from = this.offsets[window]
    const values = new Float32Array((this.offsets[window + 1] - from) / 4)
    await this.file.read(new Uint8Array(values.buffer), 0, values.byteLength, from)
    return values
  }

  /** Deletes the file too, unless it has a key. */
  async close(): Promise<void> {
    await this.file.close()
    if (this.isRemoved) await rm(this.path, { force: true })
  }
}

/** The ranks on a host share a file, which the first of them writes. Hosts may have the same output folder. */
const fileName = (name: string, ranks: Ranks | undefined): string =>
  ranks ? `${name}-${ranks.hosts.indexOf(ranks.hosts[ranks.rank])}.bin` : `${name}.bin`

/** Whether a complete file begins with these bytes. */
async function hasContents(path: string, header: Uint8Array, size: number): Promise<boolean> {
  const file = await open(path, 'r').catch(() => undefined)
  if (!file) return false
  try {
    const found = await file.read(Buffer.alloc(header.length), 0, header.length, 0)
    return (await file.stat()).size === size && found.buffer.equals(header)
  } finally {
    await file.close()
  }
}

async function create(path: string, temporary: string): Promise<FileHandle> {
  try {
    await mkdir(dirname(path), { recursive: true })
    return await open(temporary, 'wx+')
  } catch (error) {
    throw explain(path, error)
  }
}

/** Writes all bytes. A single call may write fewer, for example when the disk becomes full. */
async function writeAt(path: string, file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  try {
    assertLocksHeld(path)
    for (let done = 0; done < bytes.length; )
      done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten
  } catch (error) {
    throw explain(path, error)
  }
}

/** Computes the passes, with ranks in turns, and calls `onPass` with the values of each. */
async function computePasses(
  windows: readonly Window[],
  passes: readonly (readonly number[])[],
  { ranks, onProgress, signal, compute }: Contents,
  onPass: (pass: readonly number[], bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const { rank, size } = ranks ?? { rank: 0, size: 1 }
  let done = 0
  for (let first = 0; first < passes.length; first += size) {
    const own = passes.at(first + rank)
    const bytes = await together(ranks, async () => {
      signal?.throwIfAborted()
      const values = own ? await compute(own.map((i) => windows[i])) : new Float32Array(0)
      return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    })
    const all = ranks ? await ranks.gather(bytes) : [bytes]
    const computed = passes.slice(first, first + size)
    await together(ranks, async () => {
      for (const [i, pass] of computed.entries()) await onPass(pass, all[i])
    })
    done += computed.flat().length
    onProgress?.(done)
  }
}
