import { existsSync } from 'node:fs'
import { lstat, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { assertLocksHeld, isLocked, type LockOptions, withLock } from '../../files/lock.ts'
import type { Repository } from '../http/repository.ts'
import { CachedRepository, digestFile, digestLike } from './cached-repository.ts'
import { type CachedFile, type CacheEntry, fileAt, hashOf, listCache, readEntry } from './list.ts'

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

/**
 * Removes the corrupted files that `verifyCache` found, unless they have been replaced since. They are downloaded again
 * when next needed. Waits for downloads into the same repositories; `onWait` is called with the name of each.
 */
export async function removeFaults(
  cache: string,
  faults: readonly Fault[],
  onWait: (name: string) => void = () => {},
): Promise<void> {
  for (const { type, name, path } of faults)
    await whileLocked(cache, { type, name }, { onWait: () => onWait(name) }, async () => {
      if (await isFaulty(path)) await remove(path)
    })
}

async function isFaulty(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined)
  if (found?.isSymbolicLink()) return !existsSync(path)
  const file = await fileAt(path)
  return file !== undefined && (await problemOf(file)) !== undefined
}

export interface Prunable {
  /** Path of a file or of a snapshot folder. */
  readonly path: string
  readonly size: number
  readonly reason: string
}

export interface Pruning {
  readonly found: readonly Prunable[]
  /** Names of repositories that are being downloaded. They are left as they are. */
  readonly busy: readonly string[]
}

/**
 * Finds what can be removed safely: snapshots that no branch or tag points to any more, blobs that no remaining
 * snapshot uses, and abandoned partial downloads.
 */
export async function findPrunable(cache: string, now = Date.now()): Promise<Pruning> {
  const found: Prunable[] = []
  const busy: string[] = []
  for (const entry of await listCache(cache)) {
    const cached = new CachedRepository(cache, entry)
    if (await isLocked(cached.repositoryLock())) busy.push(entry.name)
    else found.push(...(await prunableOf(cached, entry, now)))
  }
  return { found, busy }
}

/**
 * Removes what `findPrunable` finds. Looks again at each repository while no download can change it, because one may
 * have been started or completed in the meantime.
 */
export async function prune(cache: string, now = Date.now()): Promise<Pruning> {
  const removed: Prunable[] = []
  const busy: string[] = []
  for (const entry of await listCache(cache)) {
    const cached = new CachedRepository(cache, entry)
    if (!(await isLocked(cached.repositoryLock())) && (await prunableOf(cached, entry, now)).length === 0) continue
    const pruned = await unlessBusy(cache, entry, async () => {
      for (const file of await prunableOf(cached, await readEntry(entry), now)) {
        await remove(file.path)
        removed.push(file)
      }
    })
    if (!pruned) busy.push(entry.name)
  }
  return { found: removed, busy }
}

/** Python's locks are not visible to spanforge, so a recent partial file of Python's may still be downloading. */
const RECENT = 24 * 3600 * 1000

async function prunableOf(cached: CachedRepository, entry: CacheEntry, now: number): Promise<Prunable[]> {
  const found: Prunable[] = []
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
  return found
}

const fileOf = ({ path, size }: CachedFile) => ({ path, size })

/** Runs `body` while no download writes to the repository's folder. */
async function whileLocked(
  cache: string,
  repository: Repository,
  options: Pick<LockOptions, 'onWait'>,
  body: () => Promise<void>,
): Promise<void> {
  const cached = new CachedRepository(cache, repository)
  const guards = await realpath(cached.folder)
  return withLock(cached.repositoryLock(), body, { guards, remedy: 'try again later', ...options })
}

/** Like `whileLocked`, but returns false at once if the repository is being downloaded. */
async function unlessBusy(cache: string, repository: Repository, body: () => Promise<void>): Promise<boolean> {
  const busy = new Error('busy')
  const onWait = () => {
    throw busy
  }
  try {
    await whileLocked(cache, repository, { onWait }, body)
    return true
  } catch (error) {
    if (error === busy) return false
    throw error
  }
}

async function remove(path: string): Promise<void> {
  assertLocksHeld(path)
  await rm(path, { recursive: true, force: true })
}
