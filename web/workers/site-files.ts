/** Downloads the files of a site. A file is used and kept only if it is exactly the exported one. */
import type { SiteFile } from '../../src/site/manifest.ts'

/** An error with a message for the user. */
export class SiteFileError extends Error {}

/** The name of a site's storage. Sites in other folders of the same origin have their own. */
export const storageName = (base: string): string => `spanforge ${base}`

export const addressOf = (base: string, { path }: SiteFile): string => new URL(path, base).href

/** The key of a file in the storage. It contains the digest, so that a new version of a file never gets an old one. */
export const keyOf = (base: string, file: SiteFile): string => `${addressOf(base, file)}?${file.sha256}`

export interface FetchOptions {
  /** The storage; undefined if files are not kept. */
  readonly storage?: Cache
  /** Cache mode of the request (default: no-cache, which reuses an unchanged response in the HTTP cache). */
  readonly cache?: RequestCache
  /** Receives the number of new bytes. */
  readonly onBytes?: (bytes: number) => void
  /** Receives the reason if the file cannot be kept. It can be used nevertheless. */
  readonly onNotKept?: (problem: string) => void
}

/**
 * Returns a file from the storage or from the network.
 * @throws SiteFileError if it is missing, incomplete or not the exported one; nothing is kept in that case
 */
export async function fetchFile(base: string, file: SiteFile, options: FetchOptions = {}): Promise<Uint8Array> {
  const { storage, cache = 'no-cache', onBytes, onNotKept } = options
  const kept = await storage?.match(keyOf(base, file))
  if (kept) {
    const bytes = new Uint8Array(await kept.arrayBuffer())
    if (bytes.length === file.bytes) {
      onBytes?.(bytes.length)
      return bytes
    }
  }
  const response = await download(base, file, cache)
  const bytes = await receive(response, file, onBytes)
  await check(bytes, file)
  if (storage) await keep(storage, keyOf(base, file), bytes, response.headers, onNotKept)
  return bytes
}

/** Keeps a verified file. */
async function keep(
  storage: Cache,
  key: string,
  bytes: Uint8Array,
  headers: Headers,
  onNotKept: FetchOptions['onNotKept'],
): Promise<void> {
  const type = headers.get('content-type') ?? 'application/octet-stream'
  try {
    await storage.put(key, new Response(bytes as Uint8Array<ArrayBuffer>, { headers: { 'content-type': type } }))
  } catch (error) {
    await storage.delete(key).catch(() => {})
    onNotKept?.(notKept(error))
  }
}

/** Explains to users why their browser does not keep a file. */
export const notKept = (error: unknown): string =>
  (error as Error).name === 'QuotaExceededError'
    ? 'The browser’s storage is full, so this page does not work offline and downloads files again on each visit. Free some disk space, or delete the data of other sites.'
    : `The browser does not store files for this page (${(error as Error).message}), so it does not work offline and downloads files again on each visit.`

async function download(base: string, file: SiteFile, cache: RequestCache): Promise<Response> {
  const response = await fetch(addressOf(base, file), { cache }).catch(() => undefined)
  const problem = responseProblem(file.path, response)
  if (problem === undefined) return response!
  await response?.body?.cancel()
  throw new SiteFileError(problem)
}

export const UPLOAD = 'its owner must upload the exported folder again, with all files.'

/** Explains to users why a response does not contain a file; undefined if it may. */
export function responseProblem(path: string, response: Response | undefined): string | undefined {
  if (!response)
    return `${path} cannot be downloaded, because the host of this page cannot be reached. Check the network connection, and reload the page.`
  if (response.status === 404)
    return `${path} is missing on the host of this page. The site may have been updated: reload the page. If this happens again, ${UPLOAD}`
  if (!response.ok)
    return `${path} cannot be downloaded: the host of this page responded with ${response.status} ${response.statusText}.`
  // Some hosts respond with their start page if a file is missing.
  if (typeOf(response) === 'text/html' && !path.endsWith('.html'))
    return `${path} is missing on the host of this page, which responded with a web page instead: ${UPLOAD}`
  return undefined
}

/** Explains to users why a script cannot be run; undefined if the host is not the reason. */
export async function scriptProblem(address: string): Promise<string | undefined> {
  const path = new URL(address).pathname.split('/').at(-1)!
  const response = await fetch(address, { cache: 'no-cache' }).catch(() => undefined)
  const problem = responseProblem(path, response)
  if (problem !== undefined || /javascript$/.test(typeOf(response!))) return problem
  return `${path} cannot be run, because the host of this page delivers it as ${typeOf(response!) || 'a file without a type'}. Its owner must configure the host to deliver .js files as text/javascript.`
}

const typeOf = (response: Response): string => (response.headers.get('content-type') ?? '').split(';')[0].trim()

async function receive(response: Response, file: SiteFile, onBytes: FetchOptions['onBytes']): Promise<Uint8Array> {
  const bytes = new Uint8Array(file.bytes)
  let done = 0
  const reader = response.body!.getReader()
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (done + part.value.length > file.bytes) throw changed(file)
      bytes.set(part.value, done)
      done += part.value.length
      onBytes?.(part.value.length)
    }
  } catch (error) {
    await reader.cancel().catch(() => {})
    if (error instanceof SiteFileError) throw error
    throw truncated(file, done)
  }
  if (done < file.bytes) throw truncated(file, done)
  return bytes
}

/** `crypto.subtle` is not available on pages loaded over plain HTTP; there, only the size is checked. */
async function check(bytes: Uint8Array, file: SiteFile): Promise<void> {
  if (!globalThis.crypto?.subtle) return
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
  if (found !== file.sha256) throw changed(file)
}

const truncated = ({ path, bytes }: SiteFile, done: number): SiteFileError =>
  new SiteFileError(
    `${path} is truncated: ${done.toLocaleString('en-US')} of ${bytes.toLocaleString('en-US')} bytes arrived. Reload the page. If this happens again, its owner must upload the file again.`,
  )

const changed = ({ path }: SiteFile): SiteFileError =>
  new SiteFileError(
    `${path} is not the file that belongs to this version of the page. The site has probably been updated: reload the page. If this happens again, ${UPLOAD}`,
  )
