import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isLocked } from '../../files/lock.ts'
import { CachedRepository, digestFile, digestLike } from './cached-repository.ts'
import { type CachedFile, type CacheEntry, hashOf, listCache } from './list.ts'

export interface Fault {
  readonly type: CacheEntry['type']
  readonly name: string
  readonly path: string
  readonly problem: string
}

export interface Verification {
  /** Number of blobs whose content matches the hash in their name. */
  readonly sound: number
  readonly bytes: number
  readonly faults: readonly Fault[]
}

/**
 * Hashes every blob in the cache, compares the result with the blob's name, and looks for links without a blob.
 * `onBlob` is called before each blob with the number of bytes read so far.
 */
export async function verifyCache(cache: string, onBlob: (bytes: number) => void = () => {}): Promise<Verification> {
  const faults: Fault[] = []
  let sound = 0
  let bytes = 0
  for (const { type, name, blobs, snapshots } of await listCache(cache)) {
    for (const blob of blobs) {
      onBlob(bytes)
      const problem = await problemOf(blob)
      if (problem) faults.push({ type, name, path: blob.path, problem })
      else sound++
      bytes += blob.size
    }
    for (const { folder, files } of snapshots)
      for (const { path, content } of files)
        if (content === undefined)
          faults.push({ type, name, path: join(folder, path), problem: 'its content is missing' })
  }
  onBlob(bytes)
  return { sound, bytes, faults }
}

async function problemOf(blob: CachedFile): Promise<string | undefined> {
  const hash = hashOf(blob)
  if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hash)) return 'its name is not a hash'
  const found = (await digestFile(blob.path, digestLike(hash, blob.size), blob.size)).digest('hex')
  return found === hash ? undefined : `its hash is ${found}`
}

/** Removes the corrupted files that `verifyCache` found. They are downloaded again when next needed. */
export async function removeFaults(faults: readonly Fault[]): Promise<void> {
  for (const { path } of faults) await rm(path, { force: true })
}

export interface Prunable {
  /** Path of a file or of a snapshot folder. */
  readonly path: string
  readonly size: number
  readonly reason: string
}

/** Python's locks are not visible to spanforge, so a recent partial file of Python's may still be downloading. */
const RECENT = 24 * 3600 * 1000

/**
 * Finds what can be removed safely: snapshots that no branch or tag points to any more, blobs that no remaining
 * snapshot uses, and abandoned partial downloads.
 */
export async function findPrunable(cache: string, now = Date.now()): Promise<Prunable[]> {
  const found: Prunable[] = []
  for (const entry of await listCache(cache)) {
    const cached = new CachedRepository(cache, entry)
    const kept = entry.snapshots.filter(({ refs }) => refs.length > 0)
    for (const { folder, refs } of entry.snapshots)
      if (refs.length === 0) found.push({ path: folder, size: 0, reason: 'no branch or tag points to it any more' })
    const used = new Set(kept.flatMap(({ files }) => files.map(({ content }) => content)))
    for (const blob of entry.blobs)
      if (!used.has(blob.path) && !(await isLocked(cached.lock(hashOf(blob)))))
        found.push({ ...fileOf(blob), reason: 'no remaining snapshot uses it' })
    for (const file of entry.unfinished) {
      const [hash, ...suffix] = hashOf(file).split('.')
      const ours = suffix[0] === 'spanforge'
      const busy = ours ? await isLocked(cached.lock(hash)) : now - file.modified < RECENT
      if (!busy) found.push({ ...fileOf(file), reason: 'an unfinished download' })
    }
  }
  return found
}

const fileOf = ({ path, size }: CachedFile) => ({ path, size })

/** Removes the files and folders that `findPrunable` found. */
export async function prune(prunable: readonly Prunable[]): Promise<void> {
  for (const { path } of prunable) await rm(path, { recursive: true, force: true })
}
