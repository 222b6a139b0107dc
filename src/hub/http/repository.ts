import { z } from 'zod'
import { SpanforgeError, UsageError } from '../../errors.ts'
import { editDistance } from '../../known-options.ts'
import { showList, showText, showValue } from '../../show-value.ts'
import type { Hub } from './options.ts'
import { converse, type HubAnswer, readJson } from './request.ts'

export interface Repository {
  readonly type: 'model' | 'dataset'
  /** `owner/name`, or just `name` for the hub's oldest repositories. */
  readonly name: string
}

/** A file on the hub. `hash` names its blob in the cache: SHA-256 for LFS files, git's SHA-1 for others. */
export interface RemoteFile {
  readonly path: string
  readonly size: number
  readonly hash: string
}

/** The files and card of a repository at one commit. */
export interface Listing {
  readonly commit: string
  readonly files: readonly RemoteFile[]
  readonly card?: RepositoryCard
}

const WORDS = z
  .union([z.string(), z.array(z.string())])
  .optional()
  .catch(undefined)

/** The metadata of a README.md that spanforge uses. It is untrusted, so invalid values are ignored. */
export const CARD = z.object({
  configs: z.unknown().optional(),
  license: WORDS,
  license_name: z.string().optional().catch(undefined),
  license_link: z.string().optional().catch(undefined),
  language: WORDS,
})

export type RepositoryCard = z.output<typeof CARD>

const NAME = /^(?:[\w][\w.-]{0,95}\/)?[\w][\w.-]{0,95}$/

/** Validates a repository name by the hub's rules, strictly, because names become folder names in the cache. */
export function parseRepository(type: Repository['type'], name: string): Repository {
  if (NAME.test(name) && !name.includes('--') && !name.includes('..') && !/[.-](\/|$)/.test(name)) return { type, name }
  throw new UsageError(
    `"${name}" is neither an existing folder nor a valid ${type} name`,
    'Expected an existing folder or a name on the hub, such as bert-base-uncased or owner/name.',
  )
}

export const apiUrl = (hub: Hub, { type, name }: Repository, rest = ''): string =>
  `${hub.endpoint}/api/${type}s/${name}${rest}`

export function fileUrl(hub: Hub, { type, name }: Repository, commit: string, path: string): string {
  const prefix = type === 'dataset' ? 'datasets/' : ''
  return `${hub.endpoint}/${prefix}${name}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`
}

const COMMIT = z.string().regex(/^[0-9a-f]{40}$/, 'expected a commit: 40 hexadecimal digits')
const SIZE = z.int().nonnegative()

const INFO = z.object({
  sha: COMMIT,
  siblings: z.array(
    z.object({
      rfilename: z.string(),
      size: SIZE,
      blobId: COMMIT,
      lfs: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size: SIZE }).nullish(),
    }),
  ),
  cardData: CARD.nullish(),
})

/** Fetches the file list of a repository at a branch, tag or commit, with sizes and hashes, in one request. */
export async function fetchListing(hub: Hub, repository: Repository, revision: string): Promise<Listing> {
  const url = apiUrl(hub, repository, `/revision/${encodeURIComponent(revision)}?blobs=true`)
  const answer = await converse(hub, { url })
  if (answer.status !== 200) throw await responseError(hub, repository, revision, answer)
  const info = readJson(answer, INFO, url)
  const files = info.siblings.map(({ rfilename, size, blobId, lfs }) => ({
    path: checkedPath(rfilename, repository),
    size: lfs?.size ?? size,
    hash: lfs?.sha256 ?? blobId,
  }))
  return { commit: info.sha, files, card: info.cardData ?? undefined }
}

/** Validates a file name, which comes from an untrusted source and must not lead out of the repository's folder. */
export function checkedPath(path: string, repository: Repository): string {
  const bad = (part: string) => part === '' || part === '.' || part === '..'
  // On Windows, a colon or a backslash can lead out of the folder.
  if (path.split('/').some(bad) || /[\\:\0]/.test(path) || path.length > 1024)
    throw new SpanforgeError(
      `hub: ${repository.type} ${repository.name}: the file name ${showValue(path)} leads out of its folder`,
      { remedy: 'Nothing was downloaded. Do not trust this repository.' },
    )
  return path
}

/** Creates the error for a response with a failure status. */
export async function responseError(hub: Hub, repository: Repository, revision: string, answer: HubAnswer) {
  const { type, name } = repository
  const code = answer.headers['x-error-code']
  const it = `${type} "${name}"`
  const page = `${hub.endpoint}/${type === 'dataset' ? 'datasets/' : ''}${name}`
  const settings = `${hub.endpoint}/settings/tokens`
  if (code === 'GatedRepo')
    return new SpanforgeError(`hub: the ${it} is gated: access requires accepting its conditions`, {
      remedy: `Sign in and accept the conditions at ${page}, then set HF_TOKEN to a token from ${settings}.`,
    })
  if (code === 'RevisionNotFound')
    return new SpanforgeError(`hub: the ${it} has no revision "${revision}"`, {
      remedy: `Set --revision to a branch, a tag or a commit. See ${page}/commits.`,
    })
  if (answer.headers['x-error-message'] === 'Invalid credentials in Authorization header')
    return new SpanforgeError(`hub: ${hub.endpoint} rejected the access token as invalid`, {
      remedy: `Set HF_TOKEN (or the token file) to a valid token from ${settings}. Public repositories need no token.`,
    })
  if (answer.status === 403)
    return new SpanforgeError(`hub: the ${it}: this token lacks the required permission (403)`, {
      remedy: `Set HF_TOKEN to a token from ${settings} with read access (to push: write access) to this repository.`,
    })
  // The hub also answers 401 for names that do not exist, so that private repositories are not revealed.
  if (answer.status === 401 || answer.status === 404) {
    const names = await similarRepositories(hub, repository)
    const near = names.length > 0 ? `Nearest names: ${showList(names)}. ` : ''
    const access = hub.token ? 'the token has no access to it' : 'set HF_TOKEN to a token with access to it'
    return new SpanforgeError(`hub: there is no ${it} on ${hub.endpoint}`, {
      remedy: `${near}If it is private, ${access}.`,
    })
  }
  const reason = showText(answer.headers['x-error-message'] ?? answer.text)
  return new SpanforgeError(`hub: the ${it}: ${hub.endpoint} answered ${answer.status}: ${reason}`)
}

/** Searches the hub for the most similar names. Returns none if the search fails. */
async function similarRepositories(hub: Hub, { type, name }: Repository): Promise<string[]> {
  const [last, owner] = name.split('/').reverse()
  const most = Math.ceil(last.length * 0.6)
  // The search matches substrings, so a typo in one half of the name is found through the other half.
  const queries = [last, last.slice(0, most), last.slice(-most)].map((words) => `search=${encodeURIComponent(words)}`)
  if (owner) queries.push(`author=${encodeURIComponent(owner)}`)
  const found = await Promise.all(queries.map((query) => searched(hub, type, query).catch(() => [])))
  return nearestNames(name, [...new Set(found.flat())], 3)
}

async function searched(hub: Hub, type: Repository['type'], query: string): Promise<string[]> {
  const url = `${hub.endpoint}/api/${type}s?${query}&sort=downloads&limit=50`
  const answer = await converse({ ...hub, retry: { ...hub.retry, attempts: 1 } }, { url })
  return readJson(answer, z.array(z.object({ id: z.string() })), url).map(({ id }) => id)
}

/**
 * Returns up to `count` candidates with the smallest edit distance to `word`, nearest first. Leaves out `word` itself
 * and candidates that are too different.
 */
export function nearestNames(word: string, candidates: readonly string[], count: number): string[] {
  // The owner may be missing: "bert-base-uncased" is close to "google-bert/bert-base-uncased".
  const distance = (candidate: string) =>
    Math.min(editDistance(word, candidate), 0.5 + editDistance(word, candidate.split('/').at(-1)!))
  return candidates
    .map((candidate) => ({ candidate, far: distance(candidate) }))
    .filter(({ far }) => far > 0 && far <= Math.max(2, word.length / 2))
    .sort((a, b) => a.far - b.far)
    .slice(0, count)
    .map(({ candidate }) => candidate)
}

/** Converts a glob pattern to a regular expression. `*` and `?` match within a folder, `**` across folders. */
export function globPattern(glob: string): RegExp {
  const source = glob.replace(/\*\*\/|\*\*|\*|\?|\[!?[^\]]+\]|[^*?[]+|\[/g, (part) => {
    if (part === '**/') return '(?:.*/)?'
    if (part === '**') return '.*'
    if (part === '*') return '[^/]*'
    if (part === '?') return '[^/]'
    if (/^\[.+\]$/.test(part)) return part.replace(/^\[!/, '[^').replaceAll('\\', '\\\\')
    return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  })
  return new RegExp(`^${source}$`)
}
