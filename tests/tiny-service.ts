import { loadTokenizer } from '../src/checkpoint/tokenizer-folder.ts'
import { modelSources } from '../src/runs/load/model-sources.ts'
import type { HttpApp } from '../src/server/http/app.ts'
import { Metrics } from '../src/server/models/metrics.ts'
import { Models } from '../src/server/models/models.ts'
import { SharedLimit } from '../src/server/security/shared-limit.ts'
import { createService, type ServiceOptions } from '../src/server/service.ts'
import type { Tokenizer } from '../src/text/tokenizer.ts'
import { tinyFolder } from './tiny-squad.ts'

export interface TinyOptions extends Partial<ServiceOptions> {
  /** Folders, or NAME=FOLDER. */
  readonly folders?: readonly string[]
  readonly max_tokens?: number
  readonly max_requests?: number
  /** Characters of all texts, and windows of all requests. */
  readonly max_characters?: number
  readonly max_windows?: number
}

export interface TinyService {
  readonly app: HttpApp
  readonly models: Models
  close(): Promise<void>
}

/** The complete service with small models; without a socket until it is started. */
export async function tinyService({
  folders = [`tiny=${tinyFolder}`],
  ...options
}: TinyOptions = {}): Promise<TinyService> {
  const { max_tokens = 256, max_requests = 64, max_characters = 1e8, max_windows = 1e6 } = options
  const shared = { texts: new SharedLimit(max_characters), windows: new SharedLimit(max_windows) }
  const metrics = new Metrics()
  const models = new Models({
    queueOptions: (id) => ({ max_tokens, wait: 1, max_requests, ...shared, onPass: metrics.onPass(id) }),
  })
  metrics.watch(models)
  for (const source of modelSources(folders)) await models.load(source)
  const app = await createService({ models, metrics, ...options })
  return {
    app,
    models,
    async close() {
      await app.close()
      await models.end()
    },
  }
}

/** The tokenizer of the tiny model. */
export const tinyTokenizer = (): Promise<Tokenizer> => loadTokenizer(tinyFolder)

/** A text with the given number of words from the vocabulary of the tiny model. */
export const tinyText = (words: number): string => {
  const some = ['bo', 'is', 'in', 'ro', 'li', 'was', 'sea', 'max', 'den', 'una', 'oz', 'eve', 'pit']
  return Array.from({ length: words }, (_, i) => some[(i * i + 3 * i) % some.length]).join(' ')
}
