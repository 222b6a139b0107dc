import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import type { Repository } from '../http/repository.ts'
import { isCommit } from './cached-repository.ts'

/** A file inside a repository's cache folder. */
export interface CachedFile {
  readonly path: string
  readonly size: number
  /** Time of the last change, in milliseconds since 1970. */
  readonly modified: number
}

export interface CachedSnapshot {
  readonly commit: string
  readonly folder: string
  /** Branches and tags that pointed to this commit when the hub was last queried. */
  readonly refs: readonly string[]
  /** File names within the snapshot with the path of their content, which is undefined if the content is missing. */
  readonly files: readonly { readonly path: string; readonly content?: string }[]
}

export interface CacheEntry extends Repository {
  readonly folder: string
  /** Size on disk in bytes. A blob shared by several snapshots is counted once. */
  readonly size: number
  readonly snapshots: readonly CachedSnapshot[]
  /** Complete files, each named by its hash. */
  readonly blobs: readonly CachedFile[]
  /** Partial files of unfinished downloads, from spanforge and from Python. */
  readonly unfinished: readonly CachedFile[]
}

/** Lists the models and datasets in a cache, sorted by folder name, whether spanforge or Python downloaded them. */
export async function listCache(cache: string): Promise<CacheEntry[]> {
  const entries: CacheEntry[] = []
  for (const name of (await namesIn(cache)).sort()) {
    const parts = /^(model|dataset)s--(.+)$/.exec(name)
    if (parts)
      entries.push(
        await readEntry({
          folder: await realpath(join(cache, name)),
          type: parts[1] as Repository['type'],
          name: parts[2].replace('--', '/'),
        }),
      )
  }
  return entries
}

/** Reads what the cache folder of one repository contains at the moment. */
export async function readEntry({
  folder,
  type,
  name,
}: Pick<CacheEntry, 'folder' | 'type' | 'name'>): Promise<CacheEntry> {
  const refs = await refsOf(join(folder, 'refs'))
  const snapshots: CachedSnapshot[] = []
  for (const commit of await namesIn(join(folder, 'snapshots'))) {
    if (!isCommit(commit)) continue
    const place = join(folder, 'snapshots', commit)
    const named = refs.filter(([, pointsTo]) => pointsTo === commit).map(([ref]) => ref)
    snapshots.push({ commit, folder: place, refs: named, files: await contentsOf(place) })
  }
  const stored: CachedFile[] = []
  for (const blob of await namesIn(join(folder, 'blobs'))) {
    const file = await fileAt(join(folder, 'blobs', blob))
    if (file) stored.push(file)
  }
  const isUnfinished = ({ path }: CachedFile) => path.endsWith('.incomplete')
  const copies = await copiesIn(snapshots)
  return {
    type,
    name,
    folder,
    size: [...stored, ...copies].reduce((sum, { size }) => sum + size, 0),
    snapshots,
    blobs: stored.filter((file) => !isUnfinished(file)),
    unfinished: stored.filter(isUnfinished),
  }
}

async function contentsOf(folder: string): Promise<CachedSnapshot['files']> {
  const files: { path: string; content?: string }[] = []
  for (const name of await namesIn(folder, true)) {
    const path = join(folder, name)
    const found = await lstat(path).catch(unlessRemoved)
    if (!found || found.isDirectory()) continue
    files.push({ path: name.split(sep).join('/'), content: await realpath(path).catch(() => undefined) })
  }
  return files
}

/** Files that a snapshot stores directly, because the file system does not support symbolic links (Windows). */
async function copiesIn(snapshots: readonly CachedSnapshot[]): Promise<CachedFile[]> {
  const copies: CachedFile[] = []
  for (const { folder, files } of snapshots)
    for (const { path } of files) {
      const found = await lstat(join(folder, path)).catch(unlessRemoved)
      const copy = found && !found.isSymbolicLink() ? await fileAt(join(folder, path)) : undefined
      if (copy) copies.push(copy)
    }
  return copies
}

async function refsOf(folder: string): Promise<[ref: string, commit: string][]> {
  const refs: [string, string][] = []
  for (const name of await namesIn(folder, true)) {
    const text = await readFile(join(folder, name), 'utf8').catch(() => '')
    if (isCommit(text.trim())) refs.push([relative('', name).split(sep).join('/'), text.trim()])
  }
  return refs
}

/** Returns undefined if the file does not exist. */
export async function fileAt(path: string): Promise<CachedFile | undefined> {
  const found = await stat(path).catch(unlessRemoved)
  return found && { path, size: found.size, modified: found.mtimeMs }
}

/** Ignores that a file does not exist, because another process may have renamed or removed it just now. */
function unlessRemoved(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

const namesIn = (folder: string, recursive = false): Promise<string[]> => readdir(folder, { recursive }).catch(() => [])

/** The hash in a blob's file name. */
export const hashOf = (blob: CachedFile): string => basename(blob.path)
