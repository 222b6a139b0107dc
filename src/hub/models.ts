import { stat } from 'node:fs/promises'
import { ANSWER_SETTINGS_FILE } from '../checkpoint/answer-settings.ts'
import { loadConfig } from '../checkpoint/model-folder.ts'
import { otherWeights } from '../checkpoint/other-weights.ts'
import { isTokenizerFile, loadTokenizer } from '../checkpoint/tokenizer-folder.ts'
import { SpanforgeError, UsageError } from '../errors.ts'
import { showList } from '../show-value.ts'
import { type HubOptions, openHub } from './options.ts'
import { parseRepository } from './repository.ts'
import { notCached, Snapshot } from './snapshot.ts'

export interface ModelOptions extends HubOptions {
  /** Branch, tag or commit (default: `main`). */
  readonly revision?: string
  /** False for the configuration and the tokenizer alone. */
  readonly weights?: boolean
}

const CONFIG = 'config.json'
/** What spanforge stores with a model counts too: small, and needed wherever answers are given. */
const isSmallFile = (path: string): boolean => isTokenizerFile(path) || path === ANSWER_SETTINGS_FILE

/** In the order of preference: the first that a repository has is all that is downloaded. */
const WEIGHTS = [
  /^model\.safetensors$/,
  /^model(-\d{5}-of-\d{5}\.safetensors|\.safetensors\.index\.json)$/,
  /^pytorch_model\.bin$/,
  /^pytorch_model(-\d{5}-of-\d{5}\.bin|\.bin\.index\.json)$/,
]

const WEIGHTS_MISSING = 'model.safetensors or pytorch_model.bin'

/**
 * The local folder of a model: the folder itself when there is one of that name, else the model of that name on the
 * hub, brought into the cache that Python shares, only the files that a BERT needs.
 */
export async function resolveModel(nameOrFolder: string, options: ModelOptions = {}): Promise<string> {
  if (await isFolder(nameOrFolder)) return nameOrFolder
  refusePath(nameOrFolder)
  const { revision = 'main', weights = true } = options
  const snapshot = await Snapshot.find(openHub(options), parseRepository('model', nameOrFolder), revision)
  const paths = snapshot.listing.files.map(({ path }) => path)
  const files = modelFiles(paths, weights)
  if (typeof files !== 'string') return weights ? bringModel(snapshot, files) : snapshot.bring(files)
  if (snapshot.source === 'found') throw notCached(snapshot.repository, revision, `${files}: not`)
  const other = files === WEIGHTS_MISSING ? otherWeights(paths) : undefined
  if (other)
    throw new SpanforgeError(`hub: the model "${nameOrFolder}" (${revision}) has ${other.found}, but no ${files}`, {
      remedy: other.remedy,
    })
  throw new SpanforgeError(`hub: the model "${nameOrFolder}" (${revision}) has no ${files}`, {
    remedy: `Expected the files of a transformers model; it has ${showList(paths, 12) || 'none at all'}.`,
  })
}

/** Refuses a model that cannot be read here by its small files, before its weights are downloaded. */
function bringModel(snapshot: Snapshot, files: readonly string[]): Promise<string> {
  const isSmall = (path: string) => !WEIGHTS.some((pattern) => pattern.test(path))
  return snapshot.bring(files, {
    files: files.filter(isSmall),
    check: async (folder) => {
      await loadConfig(folder)
      await loadTokenizer(folder)
    },
  })
}

/** The files to have, or what is missing in words. */
export function modelFiles(paths: readonly string[], weights: boolean): string[] | string {
  if (!paths.includes(CONFIG)) return CONFIG
  const small = paths.filter(isSmallFile)
  if (!weights) return [CONFIG, ...small]
  const kind = WEIGHTS.find((pattern) => paths.some((path) => pattern.test(path)))
  if (!kind) return WEIGHTS_MISSING
  return [CONFIG, ...small, ...paths.filter((path) => kind.test(path))]
}

export const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )

/** What can only be a path is not looked for on the hub. */
export function refusePath(path: string): void {
  if (/^[./~]|\\|\/.*\/|\/$/.test(path) || path === '')
    throw new UsageError(`${path || '""'}: there is no such folder`, 'Give a folder that exists, or a name on the hub.')
}
