import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest'
import type { HubOptions } from '../src/hub/http/options.ts'
import { BertTokenizer, toTokenizerJson } from '../src/text/index.ts'
import { HubServer } from './hub-server.ts'

/** Generates bytes that are reproducible from the seed and hard to compress. */
export function bytes(length: number, seed = 1): Buffer {
  const result = Buffer.alloc(length)
  let state = seed
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    result[i] = state >>> 24
  }
  return result
}

const VOCAB = ['[PAD]', '[UNK]', '[CLS]', '[SEP]']

export const BERT = {
  'config.json': '{"model_type":"bert"}',
  'vocab.txt': `${VOCAB.join('\n')}\n`,
  'tokenizer.json': JSON.stringify(toTokenizerJson(new BertTokenizer({ vocab: VOCAB }))),
  'model.safetensors': bytes(300_000),
  'pytorch_model.bin': bytes(300_000, 2),
  'tf_model.h5': bytes(1000, 3),
  'README.md': '# A model\n',
}

/** A test hub for the tests of one file, with an empty cache for each test. */
export class HubWorld {
  server!: HubServer
  cache = ''
  notices: string[] = []

  /** Options for this hub and cache, with short delays and nothing from the environment. */
  get options(): HubOptions {
    return {
      endpoint: this.server.endpoint,
      cache: this.cache,
      offline: false,
      token: '',
      timeout: 10_000,
      retry: { attempts: 3, firstDelay: 1, longestDelay: 100 },
      onNotice: (text) => this.notices.push(text),
    }
  }

  /** Paths of all files and folders in the cache, sorted. */
  async files(): Promise<string[]> {
    return (await readdir(this.cache, { recursive: true })).map((path) => path.replaceAll('\\', '/')).sort()
  }

  /** Requests for file contents, each as its path and range. */
  get downloads(): string[] {
    return this.server.requests
      .filter(({ url }) => /^\/content\/|\/resolve\//.test(url))
      .map(({ url, headers }) => [url.replace(/[0-9a-f]{40,64}/, 'HASH'), headers.range ?? ''].join(' ').trim())
  }
}

export function hubWorld(fill: (server: HubServer) => void): HubWorld {
  const world = new HubWorld()
  beforeAll(async () => {
    world.server = await HubServer.start()
    fill(world.server)
  })
  afterAll(() => world.server.close())
  beforeEach(async () => {
    world.cache = await mkdtemp(join(tmpdir(), 'spanforge-hub-'))
    world.notices = []
    world.server.reset()
  })
  afterEach(() => rm(world.cache, { recursive: true, force: true }))
  return world
}

/** Sets the environment variables of each test in a file to this hub and cache, for code that reads the environment. */
export function inEnvironment(world: HubWorld): void {
  beforeEach(() => {
    vi.stubEnv('HF_ENDPOINT', world.server.endpoint)
    vi.stubEnv('HF_HUB_CACHE', world.cache)
    vi.stubEnv('HF_TOKEN', '')
    vi.stubEnv('HF_HUB_OFFLINE', '')
    return () => vi.unstubAllEnvs()
  })
}
