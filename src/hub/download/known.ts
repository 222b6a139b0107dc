import { CachedRepository } from '../cache/cached-repository.ts'
import { type HubOptions, resolveHub } from '../http/options.ts'
import { parseRepository, type Repository, type RepositoryCard } from '../http/repository.ts'
import { Snapshot } from './snapshot.ts'

/** What the cache knows about a model or data set: its commit and the metadata of its card. */
export interface KnownRepository {
  readonly commit: string
  readonly card: RepositoryCard
}

/** Looks up a model or data set in the cache, without network access. Returns undefined if it is not cached. */
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
