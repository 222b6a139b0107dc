import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import { isCommit } from './cache.ts'
import type { Repository } from './repository.ts'

/** A file below a repository's folder in the cache. */
export interface CachedFile {
  readonly path: string
  readonly size: number
  /** Milliseconds since 1970 of the last change. */
  readonly modified: number
}

export interface CachedSnapshot {
  readonly commit: string
  readonly folder: string
  /** Branches and tags that stood for it when last asked. */
  readonly refs: readonly string[]
  /** Names within the snapshot, each with the place of its content; none when the content is gone. */
  readonly files: readonly { readonly path: string; readonly content?: string }[]
}

export interface CacheEntry extends Repository {
  readonly folder: string
  /** Bytes on disk: contents are counted once, however many snapshots share them. */
  readonly size: number
  readonly snapshots: readonly CachedSnapshot[]
  /** Contents by hash. */
  readonly blobs: readonly CachedFile[]
  /** What has come of unfinished downloads, ours and Python's. */
  readonly unfinished: readonly CachedFile[]
}

/** What lies in a cache, whoever put it there, in the order of names. */
export async function listCache(cache: string): Promise<CacheEntry[]> {
  const entries: CacheEntry[] = []
  for (const name of (await namesIn(cache)).sort()) {
    const parts = /^(model|dataset)s--(.+)$/.exec(name)
    if (parts)
      entries.push(
        await entryAt(await realpath(join(cache, name)), parts[1] as Repository['type'], parts[2].replace('--', '/')),
      )
  }
  return entries
}

async function entryAt(folder: string, type: Repository['type'], name: string): Promise<CacheEntry> {
  const refs = await refsOf(join(folder, 'refs'))
  const snapshots: CachedSnapshot[] = []
  for (const commit of await namesIn(join(folder, 'snapshots'))) {
    if (!isCommit(commit)) continue
    const place = join(folder, 'snapshots', commit)
    const named = refs.filter(([, pointsTo]) => pointsTo === commit).map(([ref]) => ref)
    snapshots.push({ commit, folder: place, refs: named, files: await contentsOf(place) })
  }
  const stored: CachedFile[] = []
  for (const blob of await namesIn(join(folder, 'blobs'))) stored.push(await fileAt(join(folder, 'blobs', blob)))
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
    if ((await lstat(path)).isDirectory()) continue
    files.push({ path: name.split(sep).join('/'), content: await realpath(path).catch(() => undefined) })
  }
  return files
}

/** Where links cannot be made (Windows), a snapshot holds the contents themselves. */
async function copiesIn(snapshots: readonly CachedSnapshot[]): Promise<CachedFile[]> {
  const copies: CachedFile[] = []
  for (const { folder, files } of snapshots)
    for (const { path } of files) {
      const found = await lstat(join(folder, path))
      if (!found.isSymbolicLink()) copies.push(await fileAt(join(folder, path)))
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

const fileAt = async (path: string): Promise<CachedFile> => {
  const { size, mtimeMs } = await stat(path)
  return { path, size, modified: mtimeMs }
}

const namesIn = (folder: string, recursive = false): Promise<string[]> => readdir(folder, { recursive }).catch(() => [])

/** The hash that a blob's name says. */
export const hashOf = (blob: CachedFile): string => basename(blob.path)
