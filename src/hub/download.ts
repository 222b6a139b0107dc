import type { Hash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SpanforgeError } from '../errors.ts'
import { flush, flushFolder } from '../files/atomic.ts'
import { assertLocksHeld, withLock } from '../files/lock.ts'
import type { CachedRepository } from './cache.ts'
import { digestFile, digestLike } from './digest.ts'
import { checkSpace, diskError } from './disk.ts'
import { chunksOf, type HubResponse, outOfReach, send } from './http.ts'
import type { Hub } from './options.ts'
import type { RemoteFile } from './repository.ts'
import { retrying, TransientError } from './retry.ts'

/**
 * Brings one file's content into the cache as a blob, unless it is there: resumed where an earlier try stopped, of the
 * size and hash that the hub told, and under its final name only then. Several processes may ask for it at once.
 */
export async function downloadBlob(
  hub: Hub,
  cached: CachedRepository,
  file: RemoteFile,
  url: string,
  onReceived: (bytes: number) => void,
): Promise<void> {
  const blob = cached.blob(file.hash)
  const onWait = () => hub.onNotice(`${file.path}: another process is downloading it, waiting`)
  try {
    await mkdir(dirname(blob), { recursive: true })
    await withLock(cached.lock(file.hash), () => download(hub, cached, file, url, onReceived), {
      guards: blob,
      remedy: 'choose another HF_HUB_CACHE',
      onWait,
      onDoubt: hub.onNotice,
    })
  } catch (error) {
    throw diskError(blob, error)
  }
}

async function download(
  hub: Hub,
  cached: CachedRepository,
  file: RemoteFile,
  url: string,
  onReceived: (bytes: number) => void,
): Promise<void> {
  const blob = cached.blob(file.hash)
  if (await isWhole(blob, file.size)) return onReceived(file.size)
  const partial = await PartialFile.open(cached.incomplete(file.hash), file)
  try {
    await checkSpace(dirname(blob), file.size - partial.size)
    onReceived(partial.size)
    await receive(hub, partial, url, onReceived)
    await partial.flush()
  } finally {
    await partial.close()
  }
  assertLocksHeld(blob)
  await rename(partial.path, blob)
  await flushFolder(dirname(blob))
}

const isWhole = (blob: string, size: number): Promise<boolean> =>
  stat(blob).then(
    (found) => found.size === size,
    () => false,
  )

/** Until the file is whole and its hash right. A wrong hash is tried once more from the first byte. */
async function receive(hub: Hub, partial: PartialFile, url: string, onReceived: (bytes: number) => void) {
  let furthest = partial.size
  try {
    for (let restarts = 0; ; restarts++) {
      await retrying(hub.retry, async (progressed) => {
        await receiveOnce(hub, partial, url, () => {
          onReceived(partial.size)
          if (partial.size <= furthest) return
          furthest = partial.size
          progressed()
        })
      })
      const found = partial.digest.copy().digest('hex')
      if (found === partial.file.hash) return
      await partial.restart()
      if (restarts === 1) throw wrongHash(partial.file, found)
    }
  } catch (error) {
    const kept = partial.size > 0 ? `; ${partial.size} of ${partial.file.size} bytes are kept and will be resumed` : ''
    throw error instanceof TransientError ? outOfReach(hub, error, `: ${partial.file.path}${kept}`) : error
  }
}

async function receiveOnce(hub: Hub, partial: PartialFile, url: string, onChunk: () => void): Promise<void> {
  if (partial.size === partial.file.size) return
  const headers: Record<string, string> = partial.size > 0 ? { range: `bytes=${partial.size}-` } : {}
  const response = await send(hub, { url, headers })
  try {
    await checkStatus(response, partial, url)
    // A server may pass over the range: then everything comes again.
    if (response.status === 200) await partial.restart()
    checkLength(response, partial)
    for await (const chunk of chunksOf(hub, response, url)) {
      await partial.append(chunk)
      onChunk()
    }
  } finally {
    response.body.destroy()
  }
  if (partial.size < partial.file.size)
    throw new TransientError(`the connection ended after ${partial.size} of ${partial.file.size} bytes`)
}

async function checkStatus(response: HubResponse, partial: PartialFile, url: string): Promise<void> {
  const { path } = partial.file
  // A range of a compressed body counts the compressed bytes.
  const isOther =
    response.headers['content-encoding'] !== undefined ||
    !response.headers['content-range']?.startsWith(`bytes ${partial.size}-`)
  if (response.status === 416 || (response.status === 206 && isOther)) {
    await partial.restart()
    throw new TransientError(`the server does not go on with ${path} where it stopped`)
  }
  if (response.status !== 200 && response.status !== 206)
    throw new SpanforgeError(`hub: ${path}: ${new URL(url).host} answered ${response.status}`, {
      remedy: 'It was listed and cannot be had: it may have been removed just now. Try again, or another --revision.',
    })
}

/** An answer of another length than the hub told is refused before its first byte. */
function checkLength(response: HubResponse, { file, size }: PartialFile): void {
  const length = response.headers['content-length']
  if (length === undefined || Number(length) === file.size - size) return
  throw new SpanforgeError(`hub: ${file.path}: the server announces ${length} bytes, expected ${file.size - size}`, {
    remedy: 'Nothing of this answer was kept. Check HF_ENDPOINT and the proxy, or try again later.',
  })
}

const wrongHash = ({ path, hash }: RemoteFile, found: string) =>
  new SpanforgeError(`hub: ${path}: received twice with the wrong content: hash ${found}, the hub says ${hash}`, {
    remedy: 'Nothing was kept. A proxy or mirror may alter files: check HTTPS_PROXY and HF_ENDPOINT.',
  })

/** What has come of a file, with the hash of it, so that a resumed file is hashed as it was written: once. */
class PartialFile {
  private constructor(
    readonly path: string,
    readonly file: RemoteFile,
    private readonly handle: FileHandle,
    public size: number,
    public digest: Hash,
  ) {}

  static async open(path: string, file: RemoteFile): Promise<PartialFile> {
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o666)
    const { size } = await handle.stat()
    const usable = size <= file.size ? size : 0
    if (usable < size) await handle.truncate(0)
    const digest = await digestFile(path, digestLike(file.hash, file.size), usable)
    return new PartialFile(path, file, handle, usable, digest)
  }

  async append(chunk: Buffer): Promise<void> {
    if (this.size + chunk.length > this.file.size)
      throw new SpanforgeError(`hub: ${this.file.path}: the server sends more than the ${this.file.size} bytes it told`)
    assertLocksHeld(this.path)
    for (let done = 0; done < chunk.length; )
      done += (await this.handle.write(chunk, done, chunk.length - done, this.size + done)).bytesWritten
    this.digest.update(chunk)
    this.size += chunk.length
  }

  async restart(): Promise<void> {
    assertLocksHeld(this.path)
    if (this.size > 0) await this.handle.truncate(0)
    this.size = 0
    this.digest = digestLike(this.file.hash, this.file.size)
  }

  flush = (): Promise<void> => flush(this.handle)

  async close(): Promise<void> {
    await this.handle.close()
    if (this.size === 0 && this.file.size > 0) await rm(this.path, { force: true })
  }
}
