import { CachedRepository } from './cache.ts'
import { type HubOptions, openHub } from './options.ts'
import { parseRepository, type Repository, type RepositoryCard } from './repository.ts'
import { Snapshot } from './snapshot.ts'

/** What the cache tells of a model or data set that has been used: its commit, and what its page says of itself. */
export interface KnownRepository {
  readonly commit: string
  readonly card: RepositoryCard
}

/** Without any network; undefined for what is not in the cache. */
export async function knownRepository(
  type: Repository['type'],
  name: string,
  { revision, ...options }: HubOptions & { readonly revision?: string },
): Promise<KnownRepository | undefined> {
  const hub = openHub({ ...options, offline: true })
  const repository = parseRepository(type, name)
  const commit = await new CachedRepository(hub.cache, repository).commitOf(revision ?? 'main')
  if (!commit) return undefined
  const { listing } = await Snapshot.find(hub, repository, revision ?? 'main')
  return { commit, card: listing.card ?? {} }
}
