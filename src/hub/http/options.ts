import { readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { UsageError } from '../../errors.ts'
import { HttpAgents } from './exchange.ts'
import { type Environment, showAddress } from './proxy.ts'
import { PATIENT, type RetryPolicy } from './retry.ts'

/** Progress of a download in bytes. Data already in the cache counts as received. */
export interface DownloadProgress {
  /** Name of the model or dataset. */
  readonly repository: string
  readonly file: string
  readonly received: number
  readonly size: number
  /** Bytes received over all files of this download. */
  readonly totalReceived: number
  readonly totalSize: number
}

/** Options of all functions that access the hub. Options that are omitted come from the environment, as in Python. */
export interface HubOptions {
  /** Use only the cache, without network access. Environment: HF_HUB_OFFLINE. */
  readonly offline?: boolean
  /** Access token; '' for none. Environment: HF_TOKEN, then the file at HF_TOKEN_PATH, then HF_HOME/token. */
  readonly token?: string
  /** Address of the hub. Environment: HF_ENDPOINT. */
  readonly endpoint?: string
  /** Folder of the cache. Environment: HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME/hub. */
  readonly cache?: string
  readonly onProgress?: (progress: DownloadProgress) => void
  /** Receives messages for the user, for example that the hub is unreachable and a cached copy is used. */
  readonly onNotice?: (text: string) => void
  readonly retry?: Partial<RetryPolicy>
  /** Milliseconds without data before a connection counts as broken. Environment: HF_HUB_DOWNLOAD_TIMEOUT (seconds). */
  readonly timeout?: number
  /** Aborts the operation with the signal's reason. Partial downloads are kept. */
  readonly signal?: AbortSignal
}

/** The options after defaults and the environment have been applied. */
export interface Hub {
  readonly offline: boolean
  readonly token?: string
  /** Address of the hub without user name and password, so that no message can reveal them. */
  readonly endpoint: string
  /** Authorization header for the endpoint's origin: the token, or the credentials in the endpoint's address. */
  readonly authorization?: string
  readonly cache: string
  readonly onProgress: (progress: DownloadProgress) => void
  readonly onNotice: (text: string) => void
  readonly retry: RetryPolicy
  readonly timeout: number
  readonly connections: HttpAgents
  readonly signal?: AbortSignal
}

const PUBLIC_HUB = 'https://huggingface.co'

export function resolveHub(options: HubOptions = {}, environment: Environment = process.env): Hub {
  const timeout = options.timeout ?? 1000 * Number(environment.HF_HUB_DOWNLOAD_TIMEOUT || 30)
  if (!(timeout > 0))
    throw new UsageError(
      `HF_HUB_DOWNLOAD_TIMEOUT is ${environment.HF_HUB_DOWNLOAD_TIMEOUT}, expected a number of seconds`,
    )
  const offline = options.offline ?? isTrue(environment.HF_HUB_OFFLINE || environment.TRANSFORMERS_OFFLINE)
  const token = offline ? undefined : tokenOf(options, environment)
  const { endpoint, credentials } = address(options.endpoint ?? (environment.HF_ENDPOINT || PUBLIC_HUB))
  return {
    offline,
    token,
    endpoint,
    authorization: token === undefined ? credentials : `Bearer ${token}`,
    cache: options.cache ?? cacheFolder(environment),
    onProgress: options.onProgress ?? (() => {}),
    onNotice: options.onNotice ?? (() => {}),
    retry: { ...PATIENT, sleep: (milliseconds) => asleep(milliseconds, options.signal), ...options.retry },
    signal: options.signal,
    timeout,
    connections: new HttpAgents(environment),
  }
}

const asleep = (milliseconds: number, signal: AbortSignal | undefined): Promise<void> =>
  sleep(milliseconds, undefined, { signal }).catch(() => signal?.throwIfAborted())

/** Folder of the cache, found by the rules of Python's huggingface_hub, so that both share one cache. */
export function cacheFolder(environment: Environment = process.env): string {
  const folder = environment.HF_HUB_CACHE ?? environment.HUGGINGFACE_HUB_CACHE
  return folder === undefined ? join(homeFolder(environment), 'hub') : expanded(folder, environment)
}

function homeFolder(environment: Environment): string {
  if (environment.HF_HOME !== undefined) return expanded(environment.HF_HOME, environment)
  return join(expanded(environment.XDG_CACHE_HOME ?? '~/.cache', environment), 'huggingface')
}

/** @throws UsageError for a token that no HTTP header can hold, which would otherwise fail only after all retries */
function tokenOf({ token }: HubOptions, environment: Environment): string | undefined {
  const [source, found] = token === undefined ? givenToken(environment) : ['the token', token]
  const trimmed = found.trim()
  if (/^[\x21-\x7e]*$/.test(trimmed)) return trimmed || undefined
  throw new UsageError(
    `${source} contains a line break or another character that is not allowed in a token`,
    'Expected a single token: hf_ followed by letters and digits.',
  )
}

function givenToken(environment: Environment): [source: string, token: string] {
  for (const name of ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN']) {
    const value = environment[name]
    if (value) return [name, value]
  }
  const own = environment.HF_TOKEN_PATH
  const path = own ? expanded(own, environment) : join(homeFolder(environment), 'token')
  try {
    return [path, statSync(path).isFile() ? readFileSync(path, 'utf8') : '']
  } catch {
    return [path, '']
  }
}

function expanded(path: string, environment: Environment): string {
  const home = environment.HOME ?? homedir()
  return path
    .replace(/^~(?=$|\/)/, home)
    .replace(/\$(\w+)|\$\{(\w+)\}/g, (whole, plain, braced) => environment[plain ?? braced] ?? whole)
}

function address(given: string): { readonly endpoint: string; readonly credentials?: string } {
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash)
    throw new UsageError(
      `invalid hub address "${showAddress(given)}"`,
      `HF_ENDPOINT must be a web address without a query, such as ${PUBLIC_HUB}.`,
    )
  const credentials = `${decoded(url.username)}:${decoded(url.password)}`
  url.username = ''
  url.password = ''
  const endpoint = url.href.replace(/\/+$/, '')
  if (credentials === ':') return { endpoint }
  return { endpoint, credentials: `Basic ${Buffer.from(credentials).toString('base64')}` }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

const isTrue = (value: string | undefined): boolean => ['1', 'ON', 'YES', 'TRUE'].includes(value?.toUpperCase() ?? '')
