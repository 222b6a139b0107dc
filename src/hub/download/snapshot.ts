import { mkdir, readdir, readFile, readlink, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { parseBoundedJson } from '../../bounded-json.ts'
import { SpanforgeError } from '../../errors.ts'
import { writeFileAtomic } from '../../files/atomic.ts'
import { acquireLock, type Lock } from '../../files/lock.ts'
import { CachedRepository, isCommit } from '../cache/cached-repository.ts'
import { type DownloadProgress, type Hub, type HubOptions, resolveHub } from '../http/options.ts'
import {
  CARD,
  checkedPath,
  fetchListing,
  fileUrl,
  type Listing,
  parseRepository,
  type RemoteFile,
  type Repository,
  type RepositoryCard,
} from '../http/repository.ts'
import { OutOfReachError } from '../http/request.ts'
import { diskError, readableSize } from './disk.ts'
import { downloadBlob } from './file.ts'

/** Downloads of at least this many bytes are announced with a notice. */
const LARGE = 20e6

/** Files to download and check before the rest of a repository is downloaded. */
export interface FirstFiles {
  readonly files: readonly string[]
  /** @throws SpanforgeError for files that cannot be used */
  readonly check: (folder: string) => Promise<void>
}

const sizeOf = (files: readonly RemoteFile[]): number => files.reduce((sum, { size }) => sum + size, 0)

/** A repository at one commit, with its file list and its folder in the cache. */
export class Snapshot {
  private constructor(
    private readonly hub: Hub,
    readonly repository: Repository,
    private readonly revision: string,
    private readonly cached: CachedRepository,
    readonly listing: Listing,
    /**
     * Where the listing comes from. `hub`: from the hub just now. `kept`: stored at an earlier download. `found`: made
     * from the files in the cache, so it may be incomplete.
     */
    readonly source: 'hub' | 'kept' | 'found',
  ) {}

  get folder(): string {
    return this.cached.snapshot(this.listing.commit)
  }

  /**
   * Looks up a repository on the hub. The cache is used instead when offline, when the hub is unreachable, or when the
   * revision is a commit whose listing is stored.
   */
  static async locate(hub: Hub, repository: Repository, revision: string): Promise<Snapshot> {
    const cached = new CachedRepository(hub.cache, repository)
    const stored = await cachedListing(cached, repository, revision)
    const local = stored && new Snapshot(hub, repository, revision, cached, stored.listing, stored.source)
    if (hub.offline) {
      if (local) return local
      throw notCached(repository, revision, 'it is')
    }
    if (local && isCommit(revision) && local.source === 'kept') return local
    try {
      // With a cached copy to fall back to, a long wait is not worthwhile.
      const eager = local ? { ...hub, retry: { ...hub.retry, attempts: Math.min(2, hub.retry.attempts) } } : hub
      const listing = await fetchListing(eager, repository, revision)
      return new Snapshot(hub, repository, revision, cached, listing, 'hub')
    } catch (error) {
      if (!local || !(error instanceof OutOfReachError)) throw error
      hub.onNotice(`${hub.endpoint} cannot be reached: using the cached copy of ${repository.name}`)
      return local
    }
  }

  /**
   * Downloads the given files that are missing from the snapshot's folder and returns the folder. The files of `first`
   * are downloaded before the others, which follow only if its `check` of the folder does not throw.
   */
  async bring(paths: readonly string[], first?: FirstFiles): Promise<string> {
    const names = new Set(paths)
    const wanted = this.listing.files.filter(({ path }) => names.has(path))
    const missing = await this.missingOf(wanted)
    if (missing.length > 0 && this.hub.offline)
      throw notCached(
        this.repository,
        this.revision,
        `${missing.map(({ path }) => path).join(', ')} ${missing.length === 1 ? 'is' : 'are'}`,
      )
    const writes = missing.length > 0 || (this.source === 'hub' && !(await this.isReferenced()))
    const lock = writes ? await this.lock(missing.length > 0) : undefined
    try {
      await this.complete(wanted, first)
    } finally {
      lock?.release()
    }
    return this.folder
  }

  private async missingOf(files: readonly RemoteFile[]): Promise<RemoteFile[]> {
    const { cached, listing } = this
    const missing: RemoteFile[] = []
    for (const file of files) if (!(await cached.has(listing.commit, file.path, file.size))) missing.push(file)
    return missing
  }

  /** Whether the revision already points to this snapshot, which protects it from being pruned. */
  private async isReferenced(): Promise<boolean> {
    return (await this.cached.commitOf(this.revision)) === this.listing.commit
  }

  /**
   * Acquires the lock of the repository, so that `spanforge cache prune` does not remove a snapshot that is not yet
   * referenced. Returns undefined if that fails but is not necessary, as in a read-only cache.
   */
  private async lock(isNecessary: boolean): Promise<Lock | undefined> {
    const { hub, cached, repository } = this
    try {
      return await acquireLock(cached.repositoryLock(), {
        guards: cached.folder,
        remedy: 'choose another HF_HUB_CACHE',
        onWait: () => hub.onNotice(`${repository.name}: the cache is in use by another download or prune, waiting`),
        onDoubt: hub.onNotice,
      })
    } catch (error) {
      if (isNecessary) throw diskError(cached.folder, error)
      return undefined
    }
  }

  private async complete(wanted: readonly RemoteFile[], first?: FirstFiles): Promise<void> {
    const { hub } = this
    const missing = await this.missingOf(wanted)
    const totalSize = sizeOf(wanted)
    let done = totalSize - sizeOf(missing)
    const receive = async (files: readonly RemoteFile[]) => {
      const size = sizeOf(files)
      if (size >= LARGE) hub.onNotice(`${this.repository.name}: downloading ${readableSize(size)} into ${hub.cache}`)
      for (const file of files) {
        await this.receive(file, (received) => ({ totalReceived: done + received, totalSize }))
        done += file.size
      }
    }
    const early = new Set(first?.files)
    await receive(missing.filter(({ path }) => early.has(path)))
    await first?.check(this.folder)
    await receive(missing.filter(({ path }) => !early.has(path)))
    if (this.source === 'hub') await this.keep()
  }

  private async receive(
    file: RemoteFile,
    overall: (received: number) => Pick<DownloadProgress, 'totalReceived' | 'totalSize'>,
  ): Promise<void> {
    const { hub, cached, listing, repository } = this
    const { path, size, hash } = file
    await downloadBlob(hub, cached, file, fileUrl(hub, repository, listing.commit, path), (received) =>
      hub.onProgress({ repository: repository.name, file: path, received, size, ...overall(received) }),
    )
    await cached.link(listing.commit, path, hash)
  }

  /**
   * Stores the listing and the revision's commit in the cache for offline use. This happens after the download, so that
   * a revision never points to a snapshot without the requested files. A read-only cache causes a notice, not an error.
   */
  private async keep(): Promise<void> {
    const { hub, cached, repository, revision, listing } = this
    try {
      const known = await cachedListing(cached, repository, listing.commit)
      if (known?.source !== 'kept') {
        await mkdir(dirname(cached.listing(listing.commit)), { recursive: true })
        await writeFileAtomic(cached.listing(listing.commit), `${JSON.stringify(listing)}\n`)
      }
      await cached.setCommit(revision, listing.commit)
    } catch (error) {
      const { code } = ((error as Error).cause ?? error) as NodeJS.ErrnoException
      if (typeof code !== 'string') throw error
      hub.onNotice(`the cache ${hub.cache} cannot be written to (${code}): ${revision} may not be available offline`)
    }
  }
}

/** Creates the error for missing files in offline use. `what` is a subject and its verb, such as "config.json is". */
export function notCached({ type, name }: Repository, revision: string, what: string): SpanforgeError {
  return new SpanforgeError(`hub: the ${type} "${name}" (${revision}): ${what} not in the cache`, {
    remedy: `Download it once with network access, without --offline and HF_HUB_OFFLINE: spanforge download ${name}${type === 'dataset' ? ' --dataset' : ''}`,
  })
}

const KEPT = z.object({
  commit: z.string().refine(isCommit),
  files: z.array(
    z.object({ path: z.string(), size: z.int(), hash: z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/) }),
  ),
  card: CARD.optional(),
})

async function cachedListing(cached: CachedRepository, repository: Repository, revision: string) {
  const commit = await cached.commitOf(revision)
  if (commit === undefined) return undefined
  const kept = KEPT.safeParse(await readJsonFile(cached.listing(commit)))
  if (kept.success && kept.data.commit === commit) {
    for (const { path } of kept.data.files) checkedPath(path, repository)
    return { listing: kept.data satisfies Listing, source: 'kept' as const }
  }
  const files = await filesUnder(cached.snapshot(commit))
  return files.length > 0 ? { listing: { commit, files }, source: 'found' as const } : undefined
}

const readJsonFile = (path: string): Promise<unknown> =>
  readFile(path, 'utf8')
    .then(parseBoundedJson, () => undefined)
    .catch(() => undefined)

/** Lists the files in a snapshot's folder and ignores links whose blob is missing. */
async function filesUnder(folder: string): Promise<RemoteFile[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => [])
  const files: RemoteFile[] = []
  for (const name of names) {
    const found = await stat(join(folder, name)).catch(() => undefined)
    if (!found?.isFile()) continue
    const hash = basename(await readlink(join(folder, name)).catch(() => ''))
    files.push({ path: name.replaceAll('\\', '/'), size: found.size, hash })
  }
  return files
}

/** What the cache knows about a model or dataset: its commit and the metadata of its card. */
export interface KnownRepository {
  readonly commit: string
  readonly card: RepositoryCard
}

/** Looks up a model or dataset in the cache, without network access. Returns undefined if it is not cached. */
export async function knownRepository(
  type: Repository['type'],
  name: string,
  { revision, ...options }: HubOptions & { readonly revision?: string },
): Promise<KnownRepository | undefined> {
  const hub = resolveHub({ ...options, offline: true })
  const repository = parseRepository(type, name)
  const commit = await new CachedRepository(hub.cache, repository).commitOf(revision ?? 'main')
  if (!commit) return undefined
  const { listing } = await Snapshot.locate(hub, repository, revision ?? 'main')
  return { commit, card: listing.card ?? {} }
}
