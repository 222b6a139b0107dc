import { z } from 'zod'
import { SpanforgeError, UsageError } from '../errors.ts'
import { showList, showText, showValue } from '../show-value.ts'
import { converse, type HubAnswer, readJson } from './http.ts'
import { nearestNames } from './nearest.ts'
import type { Hub } from './options.ts'

export interface Repository {
  readonly type: 'model' | 'dataset'
  /** `owner/name`, or `name` alone for the hub's oldest repositories. */
  readonly name: string
}

/** `hash` is what the cache calls the content by: SHA-256 (64 digits) of a large file, git's SHA-1 (40) of others. */
export interface RemoteFile {
  readonly path: string
  readonly size: number
  readonly hash: string
}

/** What a repository holds at one commit. */
export interface Listing {
  readonly commit: string
  readonly files: readonly RemoteFile[]
  readonly card?: RepositoryCard
}

const WORDS = z
  .union([z.string(), z.array(z.string())])
  .optional()
  .catch(undefined)

/** What is of use in the metadata of a README.md; a stranger wrote it, so that anything odd is passed over. */
export const CARD = z.object({
  configs: z.unknown().optional(),
  license: WORDS,
  license_name: z.string().optional().catch(undefined),
  license_link: z.string().optional().catch(undefined),
  language: WORDS,
})

export type RepositoryCard = z.output<typeof CARD>

const NAME = /^(?:[\w][\w.-]{0,95}\/)?[\w][\w.-]{0,95}$/

/** Checks a repository's name by the hub's rules; names become folders, so that nothing else may pass. */
export function parseRepository(type: Repository['type'], name: string): Repository {
  if (NAME.test(name) && !name.includes('--') && !name.includes('..') && !/[.-](\/|$)/.test(name)) return { type, name }
  throw new UsageError(
    `"${name}" is neither a folder here nor the name of a ${type}`,
    'Give a folder that exists, or a name as the hub has them: bert-base-uncased, owner/name.',
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

/** What the repository holds at a branch, tag or commit, with sizes and hashes: one request. */
export async function fetchListing(hub: Hub, repository: Repository, revision: string): Promise<Listing> {
  const url = apiUrl(hub, repository, `/revision/${encodeURIComponent(revision)}?blobs=true`)
  const answer = await converse(hub, { url })
  if (answer.status !== 200) throw await refusal(hub, repository, revision, answer)
  const info = readJson(answer, INFO, url)
  const files = info.siblings.map(({ rfilename, size, blobId, lfs }) => ({
    path: checkedPath(rfilename, repository),
    size: lfs?.size ?? size,
    hash: lfs?.sha256 ?? blobId,
  }))
  return { commit: info.sha, files, card: info.cardData ?? undefined }
}

/** A file's name is the word of a stranger, and becomes a path here: it must stay inside the repository's folder. */
export function checkedPath(path: string, repository: Repository): string {
  const bad = (part: string) => part === '' || part === '.' || part === '..'
  // A colon or backslash can climb out on Windows.
  if (path.split('/').some(bad) || /[\\:\0]/.test(path) || path.length > 1024)
    throw new SpanforgeError(
      `hub: ${repository.type} ${repository.name}: the file name ${showValue(path)} leads out of its folder`,
      { remedy: 'Nothing was downloaded. Do not trust this repository.' },
    )
  return path
}

/** The error for an answer that is not what was asked for. */
export async function refusal(hub: Hub, repository: Repository, revision: string, answer: HubAnswer) {
  const { type, name } = repository
  const code = answer.headers['x-error-code']
  const it = `${type} "${name}"`
  const page = `${hub.endpoint}/${type === 'dataset' ? 'datasets/' : ''}${name}`
  const settings = `${hub.endpoint}/settings/tokens`
  if (code === 'GatedRepo')
    return new SpanforgeError(`hub: the ${it} is gated: its owner wants to know who uses it`, {
      remedy: `Sign in and accept its conditions at ${page}, then set HF_TOKEN to a token from ${settings}.`,
    })
  if (code === 'RevisionNotFound')
    return new SpanforgeError(`hub: the ${it} has no revision "${revision}"`, {
      remedy: `--revision takes a branch, a tag or a commit: ${page}/commits lists them.`,
    })
  if (answer.headers['x-error-message'] === 'Invalid credentials in Authorization header')
    return new SpanforgeError(`hub: ${hub.endpoint} does not accept this token`, {
      remedy: `Set HF_TOKEN (or the token file) to a valid token from ${settings}, or to nothing for public ones.`,
    })
  if (answer.status === 403)
    return new SpanforgeError(`hub: the ${it}: this token may not do that (403)`, {
      remedy: `Set HF_TOKEN to a token from ${settings} that may read (to push: write) this repository.`,
    })
  // The hub says 401 for a name that does not exist too, so as not to tell what exists privately.
  if (answer.status === 401 || answer.status === 404) {
    const names = await similarRepositories(hub, repository)
    const near = names.length > 0 ? `Nearest names: ${showList(names)}. ` : ''
    const known = hub.token ? 'the token given may not read it' : 'no token was given: set HF_TOKEN'
    return new SpanforgeError(`hub: there is no ${it} on ${hub.endpoint}`, {
      remedy: `${near}If it is private, ${known}.`,
    })
  }
  const said = showText(answer.headers['x-error-message'] ?? answer.text)
  return new SpanforgeError(`hub: the ${it}: ${hub.endpoint} answered ${answer.status}: ${said}`)
}

/** The names on the hub most like this one, by its search; empty when the search does not answer. */
async function similarRepositories(hub: Hub, { type, name }: Repository): Promise<string[]> {
  const [last, owner] = name.split('/').reverse()
  const most = Math.ceil(last.length * 0.6)
  // The search finds names that contain the words: a typing error in one half of them is overcome by the other.
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
