import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isLocked } from '../files/lock.ts'
import { CachedRepository } from './cache.ts'
import { type CachedFile, type CacheEntry, hashOf, listCache } from './cache-list.ts'
import { digestFile, digestLike } from './digest.ts'

export interface Fault {
  readonly type: CacheEntry['type']
  readonly name: string
  readonly path: string
  readonly problem: string
}

export interface Verification {
  /** Contents whose hash is what their name says. */
  readonly sound: number
  readonly bytes: number
  readonly faults: readonly Fault[]
}

/**
 * Reads every content in the cache and compares its hash with its name, and looks for names without content.
 * `onBlob` is told the bytes read before each content.
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
        if (content === undefined) faults.push({ type, name, path: join(folder, path), problem: 'its content is gone' })
  }
  onBlob(bytes)
  return { sound, bytes, faults }
}

async function problemOf(blob: CachedFile): Promise<string | undefined> {
  const hash = hashOf(blob)
  if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hash)) return 'its name is no hash'
  const found = (await digestFile(blob.path, digestLike(hash, blob.size), blob.size)).digest('hex')
  return found === hash ? undefined : `its hash is ${found}`
}

/** Removes what `verifyCache` found wrong, so that it is downloaded again when it is next wanted. */
export async function removeFaults(faults: readonly Fault[]): Promise<void> {
  for (const { path } of faults) await rm(path, { force: true })
}

export interface Prunable {
  /** A file, or the folder of a snapshot or of a whole repository. */
  readonly path: string
  readonly size: number
  readonly reason: string
}

/** Python's lock cannot be seen from here: a young unfinished file of its may be growing. */
const YOUNG = 24 * 3600 * 1000

/**
 * What can go without loss of anything that a name stands for: snapshots that no branch or tag points to any more,
 * contents that no snapshot names, unfinished downloads that nobody is working on.
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
        found.push({ ...fileOf(blob), reason: 'no snapshot that is kept names it' })
    for (const file of entry.unfinished) {
      const [hash, ...suffix] = hashOf(file).split('.')
      const ours = suffix[0] === 'spanforge'
      const busy = ours ? await isLocked(cached.lock(hash)) : now - file.modified < YOUNG
      if (!busy) found.push({ ...fileOf(file), reason: 'an unfinished download' })
    }
  }
  return found
}

const fileOf = ({ path, size }: CachedFile) => ({ path, size })

/** Removes what `findPrunable` found. */
export async function prune(prunable: readonly Prunable[]): Promise<void> {
  for (const { path } of prunable) await rm(path, { recursive: true, force: true })
}
