import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { SpanforgeError, UsageError } from '../../errors.ts'
import { digestFile, digestLike } from '../cache/cached-repository.ts'
import { type Hub, type HubOptions, resolveHub } from '../http/options.ts'
import { apiUrl, parseRepository, type Repository, responseError } from '../http/repository.ts'
import { converse, type HubAnswer, readJson } from '../http/request.ts'
import { contentToPush, privatePlaces } from './content.ts'
import { accepted, type LargeFile, uploadLargeFiles } from './large-files.ts'
import { type PushFile, type PushPlanOptions, planPush } from './plan.ts'

export interface PushOptions extends HubOptions, PushPlanOptions {
  /** Branch to commit to (default: `main`). */
  readonly revision?: string
  readonly private?: boolean
  readonly message?: string
}

export interface PushResult {
  readonly url: string
  readonly commit: string
  readonly uploaded: readonly PushFile[]
  /** Files that the hub already has with the same content. */
  readonly unchanged: readonly PushFile[]
}

/**
 * Uploads a saved model to the hub as one commit and creates the repository if it does not exist. Only new and changed
 * files are sent. Large files are uploaded before the commit, so that users never see an incomplete upload.
 */
export async function pushFolder(folder: string, name: string, options: PushOptions = {}): Promise<PushResult> {
  const hub = resolveHub(options)
  const repository = parseRepository('model', name)
  const { revision = 'main', message = 'Upload a question-answering model with spanforge' } = options
  const { files } = await planPush(folder, options)
  if (!name.includes('/'))
    throw new UsageError(`the repository "${name}" has no owner`, `Expected OWNER/NAME, such as your-name/${name}.`)
  if (hub.offline) throw new UsageError('push requires network access', 'Remove --offline and unset HF_HUB_OFFLINE.')
  if (!hub.token)
    throw new UsageError(
      'push requires an access token',
      `Set HF_TOKEN to a token with write access from ${hub.endpoint}/settings/tokens.`,
    )

  const aside = await mkdtemp(join(tmpdir(), 'spanforge-push-'))
  try {
    const planned = await prepared(folder, files, name, aside)
    await createRepository(hub, repository, options.private)
    return await upload(hub, repository, { planned, revision, message })
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

interface Upload {
  readonly planned: readonly SourceFile[]
  readonly revision: string
  readonly message: string
}

async function upload(hub: Hub, repository: Repository, { planned, revision, message }: Upload): Promise<PushResult> {
  const modes = await uploadModes(hub, repository, revision, planned)
  const local = await Promise.all(planned.map((file) => localFile(file, modes.get(file.path))))
  const changed = local.filter(({ hash, remoteHash }) => hash !== remoteHash)
  const large = changed.filter(({ isLarge }) => isLarge).map((file): LargeFile => ({ ...file, sha256: file.hash }))

  const totalSize = large.reduce((sum, { size }) => sum + size, 0)
  const sent = new Map<string, number>()
  await uploadLargeFiles(hub, repository, large, ({ path, size }, received) => {
    sent.set(path, received)
    const totalReceived = [...sent.values()].reduce((sum, bytes) => sum + bytes, 0)
    hub.onProgress({ repository: repository.name, file: path, received, size, totalReceived, totalSize })
  })
  const unchanged = local.filter((file) => !changed.includes(file)).map(({ path, size }) => ({ path, size }))
  const uploaded = changed.map(({ path, size }) => ({ path, size }))
  const lines = [
    { key: 'header', value: { summary: message, description: '' } },
    ...(await Promise.all(changed.map(line))),
  ]
  const { commitUrl, commitOid } = await commit(hub, repository, revision, lines)
  return { url: commitUrl, commit: commitOid, uploaded, unchanged }
}

/** Prepares the files for upload. Versions without private paths are written into the folder `aside`. */
async function prepared(
  folder: string,
  files: readonly PushFile[],
  name: string,
  aside: string,
): Promise<SourceFile[]> {
  const sources: SourceFile[] = []
  const places = await privatePlaces(folder)
  for (const [index, file] of files.entries()) {
    const content = await contentToPush(folder, file, { name, places })
    const source = content === undefined ? join(folder, file.path) : join(aside, String(index))
    if (content !== undefined) await writeFile(source, content)
    sources.push({ path: file.path, size: content === undefined ? file.size : Buffer.byteLength(content), source })
  }
  return sources
}

const post = (hub: Hub, url: string, value: unknown): Promise<HubAnswer> =>
  converse(hub, {
    url,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: () => JSON.stringify(value),
  })

async function createRepository(hub: Hub, repository: Repository, isPrivate = false): Promise<void> {
  const [organization, name] = repository.name.split('/')
  const answer = await post(hub, `${hub.endpoint}/api/repos/create`, { name, organization, private: isPrivate })
  // The repository already exists.
  if (answer.status === 409) return
  if (answer.status === 401 || answer.status === 403)
    throw new SpanforgeError(`hub: this token is not allowed to create the model "${repository.name}"`, {
      remedy: `Set HF_TOKEN to a token with write access to ${organization} from ${hub.endpoint}/settings/tokens.`,
    })
  accepted(answer, repository.name)
}

const MODES = z.object({
  files: z.array(
    z.object({
      path: z.string(),
      uploadMode: z.enum(['lfs', 'regular']),
      shouldIgnore: z.boolean().optional(),
      oid: z.string().nullish(),
    }),
  ),
})
type Mode = z.infer<typeof MODES>['files'][number]

/** Asks the hub how to upload each file (regular or LFS) and which content it already has. */
async function uploadModes(hub: Hub, repository: Repository, revision: string, files: readonly SourceFile[]) {
  const described = await Promise.all(
    files.map(async ({ path, size, source }) => ({ path, size, sample: (await head(source)).toString('base64') })),
  )
  const url = apiUrl(hub, repository, `/preupload/${encodeURIComponent(revision)}`)
  const answer = await post(hub, url, { files: described })
  if (answer.status !== 200) throw await responseError(hub, repository, revision, answer)
  return new Map(readJson(answer, MODES, url).files.map((mode) => [mode.path, mode]))
}

async function head(path: string): Promise<Buffer> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

interface SourceFile extends PushFile {
  /** Path on this machine. */
  readonly source: string
}

interface LocalFile extends SourceFile {
  readonly isLarge: boolean
  readonly hash: string
  /** Hash of the file's current content on the hub, if it exists there. */
  readonly remoteHash?: string | null
}

async function localFile({ path, size, source }: SourceFile, mode: Mode | undefined): Promise<LocalFile> {
  const isLarge = mode?.uploadMode === 'lfs' && size > 0
  const digest = await digestFile(source, digestLike('0'.repeat(isLarge ? 64 : 40), size), size)
  return { path, size, source, isLarge, hash: digest.digest('hex'), remoteHash: mode?.oid }
}

/** The commit's line for a file: a pointer to an uploaded LFS file, or the content itself. */
async function line({ path, size, source, isLarge, hash }: LocalFile) {
  if (isLarge) return { key: 'lfsFile', value: { path, algo: 'sha256', oid: hash, size } }
  const content = (await readFile(source)).toString('base64')
  return { key: 'file', value: { path, content, encoding: 'base64' } }
}

const COMMITTED = z.object({ commitUrl: z.string(), commitOid: z.string() })

async function commit(hub: Hub, repository: Repository, revision: string, lines: readonly object[]) {
  const url = apiUrl(hub, repository, `/commit/${encodeURIComponent(revision)}`)
  const body = () => lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  const headers = { 'content-type': 'application/x-ndjson' }
  const answer = accepted(await converse(hub, { url, method: 'POST', headers, body }), 'the commit')
  return readJson(answer, COMMITTED, url)
}
