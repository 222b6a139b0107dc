import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Dispatcher, EnvHttpProxyAgent } from 'undici'
import { UsageError } from '../errors.ts'
import { PATIENT, type RetryPolicy } from './retry.ts'

/** How far a download is, in bytes. What lies in the cache already counts as received. */
export interface Progress {
  /** Name of the model or data set. */
  readonly repository: string
  readonly file: string
  readonly received: number
  readonly size: number
  /** The same over all files of this download. */
  readonly totalReceived: number
  readonly totalSize: number
}

/** Options of everything that speaks with the hub; what is left out comes from the environment, as in Python. */
export interface HubOptions {
  /** Answer from the cache alone, without any network. Environment: HF_HUB_OFFLINE. */
  readonly offline?: boolean
  /** Access token; '' for none. Environment: HF_TOKEN, else the file that HF_TOKEN_PATH names, else HF_HOME/token. */
  readonly token?: string
  /** Address of the hub. Environment: HF_ENDPOINT. */
  readonly endpoint?: string
  /** Folder of the cache. Environment: HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME/hub. */
  readonly cache?: string
  readonly onProgress?: (progress: Progress) => void
  /** Told in one sentence what a person may want to know: that the cache stands in for a hub out of reach, say. */
  readonly onNotice?: (text: string) => void
  readonly retry?: Partial<RetryPolicy>
  /** Milliseconds without a byte before a connection counts as broken. Environment: HF_HUB_DOWNLOAD_TIMEOUT (s). */
  readonly timeout?: number
  /** Ends what is under way: its reason is thrown, and what has come of a file is kept. */
  readonly signal?: AbortSignal
}

/** The options with every gap filled. */
export interface Hub {
  readonly offline: boolean
  readonly token?: string
  readonly endpoint: string
  readonly cache: string
  readonly onProgress: (progress: Progress) => void
  readonly onNotice: (text: string) => void
  readonly retry: RetryPolicy
  readonly timeout: number
  readonly dispatcher: Dispatcher
  readonly signal?: AbortSignal
}

export type Environment = Readonly<Record<string, string | undefined>>

const PUBLIC_HUB = 'https://huggingface.co'

export function openHub(options: HubOptions = {}, environment: Environment = process.env): Hub {
  const timeout = options.timeout ?? 1000 * Number(environment.HF_HUB_DOWNLOAD_TIMEOUT || 30)
  if (!(timeout > 0)) throw new UsageError(`HF_HUB_DOWNLOAD_TIMEOUT is ${environment.HF_HUB_DOWNLOAD_TIMEOUT}`)
  return {
    offline: options.offline ?? isTrue(environment.HF_HUB_OFFLINE || environment.TRANSFORMERS_OFFLINE),
    token: (options.token ?? tokenOf(environment)) || undefined,
    endpoint: address(options.endpoint ?? (environment.HF_ENDPOINT || PUBLIC_HUB)),
    cache: options.cache ?? cacheFolder(environment),
    onProgress: options.onProgress ?? (() => {}),
    onNotice: options.onNotice ?? (() => {}),
    retry: { ...PATIENT, sleep: (milliseconds) => asleep(milliseconds, options.signal), ...options.retry },
    signal: options.signal,
    timeout,
    dispatcher: proxied(environment, timeout),
  }
}

const asleep = (milliseconds: number, signal: AbortSignal | undefined): Promise<void> =>
  sleep(milliseconds, undefined, { signal }).catch(() => signal?.throwIfAborted())

/** Where the cache lies, by the rules of Python's huggingface_hub, so that both share one. */
export function cacheFolder(environment: Environment = process.env): string {
  const folder = environment.HF_HUB_CACHE ?? environment.HUGGINGFACE_HUB_CACHE
  return folder === undefined ? join(homeFolder(environment), 'hub') : expanded(folder, environment)
}

function homeFolder(environment: Environment): string {
  if (environment.HF_HOME !== undefined) return expanded(environment.HF_HOME, environment)
  return join(expanded(environment.XDG_CACHE_HOME ?? '~/.cache', environment), 'huggingface')
}

function tokenOf(environment: Environment): string | undefined {
  const given = environment.HF_TOKEN || environment.HUGGING_FACE_HUB_TOKEN
  if (given) return given.trim()
  const path = environment.HF_TOKEN_PATH
  try {
    return readFileSync(path ? expanded(path, environment) : join(homeFolder(environment), 'token'), 'utf8').trim()
  } catch {
    return undefined
  }
}

function expanded(path: string, environment: Environment): string {
  const home = environment.HOME ?? homedir()
  return path
    .replace(/^~(?=$|\/)/, home)
    .replace(/\$(\w+)|\$\{(\w+)\}/g, (whole, plain, braced) => environment[plain ?? braced] ?? whole)
}

function address(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new UsageError(
      `the hub's address is "${endpoint}"`,
      `HF_ENDPOINT expects a web address such as ${PUBLIC_HUB}.`,
    )
  return endpoint.replace(/\/+$/, '')
}

function proxied(environment: Environment, timeout: number): Dispatcher {
  const proxy = (name: string) => environment[name.toLowerCase()] || environment[name] || ''
  return new EnvHttpProxyAgent({
    httpProxy: proxy('HTTP_PROXY') || proxy('ALL_PROXY'),
    httpsProxy: proxy('HTTPS_PROXY') || proxy('ALL_PROXY'),
    noProxy: proxy('NO_PROXY'),
    connect: { timeout },
    headersTimeout: timeout,
    bodyTimeout: timeout,
  })
}

const isTrue = (value: string | undefined): boolean => ['1', 'ON', 'YES', 'TRUE'].includes(value?.toUpperCase() ?? '')
