import type { Hash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SpanforgeError } from '../../errors.ts'
import { flush, flushFolder } from '../../files/atomic.ts'
import { assertLocksHeld, withLock } from '../../files/lock.ts'
import { type CachedRepository, digestFile, digestLike } from '../cache/cached-repository.ts'
import type { Hub } from '../http/options.ts'
import type { RemoteFile } from '../http/repository.ts'
import { chunksOf, type HubResponse, outOfReach, send } from '../http/request.ts'
import { retrying, TransientError } from '../http/retry.ts'
import { checkSpace, diskError } from './disk.ts'

/**
 * Downloads one file into the cache as a blob, unless it is already there. An interrupted download is resumed, and the
 * blob gets its final name only after its size and hash match the hub's. Several processes may call this at once.
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

/** Receives the rest of the file and checks its hash. After a wrong hash, the file is downloaded once more in full. */
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
    const kept =
      partial.size > 0
        ? `; ${partial.size} of ${partial.file.size} bytes are kept, and the download will resume from there`
        : ''
    throw error instanceof TransientError ? outOfReach(hub, error, `: ${partial.file.path}${kept}`) : error
  }
}

async function receiveOnce(hub: Hub, partial: PartialFile, url: string, onChunk: () => void): Promise<void> {
  if (partial.size === partial.file.size) return
  const headers: Record<string, string> = partial.size > 0 ? { range: `bytes=${partial.size}-` } : {}
  const response = await send(hub, { url, headers })
  try {
    await checkStatus(response, partial, url)
    // A server may ignore the range and send the whole file.
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
  // In a compressed body, the range counts compressed bytes.
  const isOther =
    response.headers['content-encoding'] !== undefined ||
    !response.headers['content-range']?.startsWith(`bytes ${partial.size}-`)
  if (response.status === 416 || (response.status === 206 && isOther)) {
    await partial.restart()
    throw new TransientError(`the server does not resume ${path} at byte ${partial.size}`)
  }
  if (response.status !== 200 && response.status !== 206)
    throw new SpanforgeError(`hub: ${path}: ${new URL(url).host} answered ${response.status}`, {
      remedy: 'The hub lists this file, but it may have been removed since. Try again, or use another --revision.',
    })
}

/** Rejects a response whose Content-Length does not match the size in the hub's listing, before reading its body. */
function checkLength(response: HubResponse, { file, size }: PartialFile): void {
  const length = response.headers['content-length']
  if (length === undefined || Number(length) === file.size - size) return
  throw new SpanforgeError(`hub: ${file.path}: the server announced ${length} bytes, expected ${file.size - size}`, {
    remedy: 'The response was discarded. Check HF_ENDPOINT and the proxy, or try again later.',
  })
}

const wrongHash = ({ path, hash }: RemoteFile, found: string) =>
  new SpanforgeError(`hub: ${path}: wrong content in two downloads: hash ${found}, expected ${hash}`, {
    remedy: 'The download was discarded. A proxy or mirror may alter files: check HTTPS_PROXY and HF_ENDPOINT.',
  })

/** A partially downloaded file and its running hash, so that each byte is hashed once, as it is written. */
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
      throw new SpanforgeError(`hub: ${this.file.path}: the server sent more than the expected ${this.file.size} bytes`)
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
