import { open, readdir, readFile, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { z } from 'zod'
import { writeFileAtomic } from '../checkpoint/atomic.ts'
import { SpanforgeError, UsageError } from '../errors.ts'
import { digestFile, digestLike } from './digest.ts'
import { type Answer, converse, readJson } from './http.ts'
import { accepted, type LargeFile, uploadLargeFiles } from './large-files.ts'
import { type Hub, type HubOptions, openHub } from './options.ts'
import { apiUrl, parseRepository, type Repository, refusal } from './repository.ts'

export interface PushOptions extends HubOptions {
  /** The branch to commit to; `main` unless told. */
  readonly revision?: string
  readonly private?: boolean
  readonly message?: string
}

export interface PushFile {
  readonly path: string
  readonly size: number
}

export interface PushResult {
  readonly url: string
  readonly commit: string
  readonly uploaded: readonly PushFile[]
  /** Files that the hub has already with this very content. */
  readonly unchanged: readonly PushFile[]
}

/** Only a resumed run needs these; hidden files and unfinished ones are nobody's business. */
const STAYS = /(^|\/)(\.|checkpoint-\d|node_modules\/|optimizer\.|scheduler\.|rng_state|.*\.tmp$)/

/** The files of a run's folder that would go to the hub, by path; what `pushFolder` sends. No network. */
export async function planPush(folder: string): Promise<PushFile[]> {
  const names = await readdir(folder, { recursive: true }).catch((error) => {
    throw new UsageError(`${folder}: cannot be read (${error.message})`, 'Give the folder that training wrote.')
  })
  const files: PushFile[] = []
  for (const path of names.map((name) => name.split(sep).join('/')).sort()) {
    const found = await stat(join(folder, path))
    if (found.isFile() && !STAYS.test(path)) files.push({ path, size: found.size })
  }
  if (files.some(({ path }) => path === 'config.json')) return files
  throw new UsageError(`${folder}: there is no config.json`, 'Give a folder with a saved model, as training wrote it.')
}

/**
 * Uploads a folder as one commit to a model on the hub, which is made if there is none of that name. Only files that
 * the hub does not have are sent, large ones first; the commit comes last, so that nobody sees half of it.
 */
export async function pushFolder(folder: string, name: string, options: PushOptions = {}): Promise<PushResult> {
  const hub = openHub(options)
  const repository = parseRepository('model', name)
  const { revision = 'main', message = 'Upload a question-answering model with spanforge' } = options
  await planPush(folder)
  if (!name.includes('/')) throw new UsageError(`"${name}" has no owner`, `Give OWNER/NAME: your-name/${name}.`)
  if (hub.offline) throw new UsageError('push needs a network', 'Leave out --offline and HF_HUB_OFFLINE.')
  if (!hub.token)
    throw new UsageError(
      'push needs a token',
      `Set HF_TOKEN to one from ${hub.endpoint}/settings/tokens that may write.`,
    )

  await createRepository(hub, repository, options.private)
  await nameCard(folder, name)
  const planned = await planPush(folder)
  const modes = await uploadModes(hub, repository, revision, folder, planned)
  const local = await Promise.all(planned.map((file) => localFile(folder, file, modes.get(file.path))))
  const changed = local.filter(({ hash, there }) => hash !== there)
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

/** A card that was written before its model had a name on the hub loads it as OWNER/...: now it has one. */
async function nameCard(folder: string, name: string): Promise<void> {
  const path = join(folder, 'README.md')
  const card = await readFile(path, 'utf8').catch(() => '')
  const named = card.replaceAll(/\bOWNER\/[\w.-]+/g, name)
  if (named !== card) await writeFileAtomic(path, named)
}

const post = (hub: Hub, url: string, value: unknown): Promise<Answer> =>
  converse(hub, {
    url,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: () => JSON.stringify(value),
  })

async function createRepository(hub: Hub, repository: Repository, isPrivate = false): Promise<void> {
  const [organization, name] = repository.name.split('/')
  const answer = await post(hub, `${hub.endpoint}/api/repos/create`, { name, organization, private: isPrivate })
  // It exists: what is pushed becomes its next commit.
  if (answer.status === 409) return
  if (answer.status === 401 || answer.status === 403)
    throw new SpanforgeError(`hub: this token may not make the model "${repository.name}"`, {
      remedy: `Set HF_TOKEN to a token from ${hub.endpoint}/settings/tokens that may write for ${organization}.`,
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

/** How the hub wants each file, and which content of it there is. */
async function uploadModes(hub: Hub, repository: Repository, revision: string, folder: string, files: PushFile[]) {
  const described = await Promise.all(
    files.map(async ({ path, size }) => ({ path, size, sample: (await head(join(folder, path))).toString('base64') })),
  )
  const url = apiUrl(hub, repository, `/preupload/${encodeURIComponent(revision)}`)
  const answer = await post(hub, url, { files: described })
  if (answer.status !== 200) throw await refusal(hub, repository, revision, answer)
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

interface LocalFile extends PushFile {
  readonly source: string
  readonly isLarge: boolean
  readonly hash: string
  readonly there?: string | null
}

async function localFile(folder: string, { path, size }: PushFile, mode: Mode | undefined): Promise<LocalFile> {
  const source = join(folder, path)
  const isLarge = mode?.uploadMode === 'lfs' && size > 0
  const digest = await digestFile(source, digestLike('0'.repeat(isLarge ? 64 : 40), size), size)
  return { path, size, source, isLarge, hash: digest.digest('hex'), there: mode?.oid }
}

/** A file's line in the commit: a pointer to what was uploaded, or the content itself. */
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
