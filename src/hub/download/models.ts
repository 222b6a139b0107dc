import { stat } from 'node:fs/promises'
import { ANSWER_SETTINGS_FILE } from '../../checkpoint/answer-settings.ts'
import { loadConfig } from '../../checkpoint/model-folder.ts'
import { type ExportDtype, externalDataName, onnxFileName } from '../../checkpoint/onnx-folder.ts'
import { otherWeights } from '../../checkpoint/other-weights.ts'
import { isStarterName, requireStarter } from '../../checkpoint/starter-model.ts'
import { isTokenizerFile, loadTokenizer } from '../../checkpoint/tokenizer-folder.ts'
import { SpanforgeError, UsageError } from '../../errors.ts'
import { showList } from '../../show-value.ts'
import { type HubOptions, resolveHub } from '../http/options.ts'
import { parseRepository } from '../http/repository.ts'
import { notCached, Snapshot } from './snapshot.ts'

export interface ModelOptions extends HubOptions {
  /** Branch, tag or commit (default: `main`). */
  readonly revision?: string
  /** Whether to include the weights (default: true). If false, only the configuration and tokenizer are resolved. */
  readonly weights?: boolean
  /** Include this variant of an exported model instead of the weights. */
  readonly dtype?: ExportDtype
}

const CONFIG = 'config.json'
/** Tokenizer files, and the answer settings that spanforge stores with a model. */
const isSmallFile = (path: string): boolean => isTokenizerFile(path) || path === ANSWER_SETTINGS_FILE

/** Weight files in order of preference. Only the first kind that a repository has is downloaded. */
const WEIGHTS = [
  /^model\.safetensors$/,
  /^model(-\d{5}-of-\d{5}\.safetensors|\.safetensors\.index\.json)$/,
  /^pytorch_model\.bin$/,
  /^pytorch_model(-\d{5}-of-\d{5}\.bin|\.bin\.index\.json)$/,
]

const WEIGHTS_MISSING = 'model.safetensors or pytorch_model.bin'

/**
 * Returns the local folder of a model. If a folder of that name exists, it is returned; `starter` is the starter model;
 * otherwise the files that spanforge needs are downloaded from the hub into the cache shared with Python.
 */
export async function resolveModel(nameOrFolder: string, options: ModelOptions = {}): Promise<string> {
  if (isStarterName(nameOrFolder)) return requireStarter('starter: no such folder')
  if (await isFolder(nameOrFolder)) return nameOrFolder
  rejectPath(nameOrFolder)
  const { revision = 'main', weights = true, dtype } = options
  const snapshot = await Snapshot.locate(resolveHub(options), parseRepository('model', nameOrFolder), revision)
  const paths = snapshot.listing.files.map(({ path }) => path)
  const files = modelFiles(paths, weights, dtype)
  if (typeof files !== 'string') return weights ? bringModel(snapshot, files) : snapshot.bring(files)
  if (snapshot.source === 'found') throw notCached(snapshot.repository, revision, `${files} is`)
  const other = files === WEIGHTS_MISSING ? otherWeights(paths) : undefined
  if (other)
    throw new SpanforgeError(`hub: the model "${nameOrFolder}" (${revision}) has ${other.found}, but no ${files}`, {
      remedy: other.remedy,
    })
  throw new SpanforgeError(`hub: the model "${nameOrFolder}" (${revision}) has no ${files}`, {
    remedy: `Expected the files of a transformers model, found ${showList(paths, 12) || 'no files'}.`,
  })
}

/** Downloads the small files first and checks that spanforge supports the model before it downloads the weights. */
function bringModel(snapshot: Snapshot, files: readonly string[]): Promise<string> {
  const isSmall = (path: string) => path === CONFIG || isSmallFile(path)
  return snapshot.bring(files, {
    files: files.filter(isSmall),
    check: async (folder) => {
      await loadConfig(folder)
      await loadTokenizer(folder)
    },
  })
}

/** Returns the files to download, or a description of what is missing. */
export function modelFiles(paths: readonly string[], weights: boolean, dtype?: ExportDtype): string[] | string {
  if (!paths.includes(CONFIG)) return CONFIG
  const small = paths.filter(isSmallFile)
  if (!weights) return [CONFIG, ...small]
  if (dtype) {
    const [file, data] = [`onnx/${onnxFileName(dtype)}`, `onnx/${externalDataName(dtype)}`]
    if (!paths.includes(file)) return file
    // Other tools split the data of large models: model.onnx_data_1, ...
    const isData = (path: string) => path === data || (path.startsWith(`${data}_`) && /_\d+$/.test(path))
    return [CONFIG, ...small, file, ...paths.filter(isData)]
  }
  const kind = WEIGHTS.find((pattern) => paths.some((path) => pattern.test(path)))
  if (!kind) return WEIGHTS_MISSING
  return [CONFIG, ...small, ...paths.filter((path) => kind.test(path))]
}

export const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )

/** @throws UsageError for a name that can only be a path, so that it is not looked up on the hub */
export function rejectPath(path: string): void {
  if (/^[./~]|\\|\/.*\/|\/$/.test(path) || path === '')
    throw new UsageError(`${path || '""'}: no such folder`, 'Expected an existing folder or a name on the hub.')
}
