import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { z } from 'zod'
import { SpanforgeError } from '../../errors.ts'
import { showText } from '../../show-value.ts'
import type { Hub } from '../http/options.ts'
import type { Repository } from '../http/repository.ts'
import { converse, type HubAnswer, readJson } from '../http/request.ts'

/** A local file to upload through Git LFS. */
export interface LargeFile {
  /** Path in the repository. */
  readonly path: string
  /** Path on this machine. */
  readonly source: string
  readonly size: number
  readonly sha256: string
}

const ACTION = z.object({ href: z.url(), header: z.record(z.string(), z.coerce.string()).optional() })
const BATCH = z.object({
  objects: z.array(
    z.object({
      oid: z.string(),
      actions: z.object({ upload: ACTION.optional(), verify: ACTION.optional() }).nullish(),
      error: z.object({ message: z.string() }).optional(),
    }),
  ),
})
const LFS = { accept: 'application/vnd.git-lfs+json', 'content-type': 'application/vnd.git-lfs+json' }

/**
 * Uploads large files with the batch API of Git LFS, whole or in parts, as the hub requests. Files whose content is
 * already on the hub are skipped. `onSent` gets the number of bytes of a file sent so far, over all its parts.
 */
export async function uploadLargeFiles(
  hub: Hub,
  repository: Repository,
  files: readonly LargeFile[],
  onSent: (file: LargeFile, bytes: number) => void,
): Promise<void> {
  if (files.length === 0) return
  const url = `${hub.endpoint}/${repository.name}.git/info/lfs/objects/batch`
  const objects = files.map(({ sha256, size }) => ({ oid: sha256, size }))
  const body = JSON.stringify({ operation: 'upload', transfers: ['basic', 'multipart'], objects, hash_algo: 'sha256' })
  const answer = accepted(await converse(hub, { url, method: 'POST', headers: LFS, body: () => body }), 'large files')
  const instructions = readJson(answer, BATCH, url).objects
  for (const file of files) {
    const { actions, error } = instructions.find(({ oid }) => oid === file.sha256) ?? {}
    if (error) throw new SpanforgeError(`hub: ${file.path}: the hub rejected the upload: ${error.message}`)
    if (actions?.upload) await upload(hub, file, actions.upload, (bytes) => onSent(file, bytes))
    if (actions?.verify) {
      const body = () => JSON.stringify({ oid: file.sha256, size: file.size })
      const headers = { ...LFS, ...actions.verify.header }
      accepted(await converse(hub, { url: actions.verify.href, method: 'POST', headers, body }), file.path)
    }
    onSent(file, file.size)
  }
}

async function upload(hub: Hub, file: LargeFile, { href, header = {} }: z.infer<typeof ACTION>, onSent: OnSent) {
  const { chunk_size, ...rest } = header
  if (chunk_size === undefined) return void (await put(hub, href, file, 0, file.size, rest, onSent))
  const partSize = Number(chunk_size)
  const numbers = Object.keys(rest).filter((name) => /^\d+$/.test(name))
  const urls = numbers.sort((a, b) => Number(a) - Number(b)).map((number) => rest[number])
  if (!(partSize > 0) || urls.length !== Math.ceil(file.size / partSize))
    throw new SpanforgeError(
      `hub: ${file.path}: the hub asked for ${urls.length} parts of ${chunk_size} bytes, which do not add up to ${file.size} bytes`,
    )
  const parts: { partNumber: number; etag: string | undefined }[] = []
  for (const [index, url] of urls.entries()) {
    const end = Math.min(file.size, (index + 1) * partSize)
    const { headers } = await put(hub, url, file, index * partSize, end, {}, onSent)
    parts.push({ partNumber: index + 1, etag: headers.etag })
  }
  const body = () => JSON.stringify({ oid: file.sha256, parts })
  accepted(await converse(hub, { url: href, method: 'POST', headers: LFS, body }), file.path)
}

type OnSent = (bytes: number) => void

async function put(
  hub: Hub,
  url: string,
  { path, source }: LargeFile,
  start: number,
  end: number,
  headers: Record<string, string>,
  onSent: OnSent,
): Promise<HubAnswer> {
  async function* counted() {
    let sent = start
    for await (const chunk of createReadStream(source, { start, end: end - 1, highWaterMark: 1 << 18 })) {
      yield chunk
      sent += chunk.length
      onSent(sent)
    }
  }
  const length = { 'content-length': String(end - start) }
  const body = () => Readable.from(counted(), { objectMode: false })
  return accepted(await converse(hub, { url, method: 'PUT', headers: { ...headers, ...length }, body }), path)
}

/** Returns the response if its status is 2xx; otherwise throws an error that names what was being uploaded. */
export function accepted(answer: HubAnswer, what: string): HubAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer
  const reason = showText(answer.headers['x-error-message'] ?? answer.text)
  throw new SpanforgeError(`hub: uploading ${what} failed: the server answered ${answer.status}: ${reason}`)
}
