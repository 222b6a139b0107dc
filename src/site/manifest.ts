/** The files of an exported site as its page, its workers and the export see them. Runs in a browser. */
import type { AnswerSettings } from '../checkpoint/answer-settings.ts'
import type { ExportDtype } from '../checkpoint/onnx-folder.ts'
import type { TokenizerSettings } from '../text/settings.ts'

/** A file with its size and digest, so that a truncated or replaced file is noticed before it is used. */
export interface SiteFile {
  /** Path in the site's folder, with `/` between names. */
  readonly path: string
  readonly bytes: number
  /** SHA-256 in hexadecimal. */
  readonly sha256: string
}

export interface SiteModel {
  /** Id in the model selection. */
  readonly id: string
  /** Name on the hub or of the folder. */
  readonly name: string
  /** What the model can do, if that is known. */
  readonly about?: string
  /** Whether `name` is an exported model, which cannot be trained further. */
  readonly exported?: boolean
  readonly dtype: ExportDtype
  /** The ONNX model. */
  readonly weights: SiteFile
  /** The settings of the tokenizer as JSON, see `readTokenizerSettings`. */
  readonly tokenizer: SiteFile
  readonly parameters: number
  readonly layers: number
  readonly hidden_size: number
  /** Maximum window length in tokens. */
  readonly max_positions: number
  readonly answer_settings?: AnswerSettings
}

/** Digest of a model's weights that names its version in answers. */
export const weightsRevision = ({ weights }: Pick<SiteModel, 'weights'>): string => weights.sha256.slice(0, 16)

/** A build of ONNX Runtime Web with the worker script that uses it. */
export interface SiteRuntime {
  /** The worker script. */
  readonly reader: SiteFile
  /** The loader of the WebAssembly code. */
  readonly loader: SiteFile
  /** The WebAssembly code, compressed with gzip. */
  readonly code: SiteFile
}

/** An index of documents, with the code that searches it. */
export interface SiteIndex {
  /** The script that searches. */
  readonly search: SiteFile
  /** The WebAssembly code of SQLite, compressed with gzip. */
  readonly code: SiteFile
  /** The database, compressed with gzip. */
  readonly database: SiteFile
  readonly documents: number
  readonly passages: number
}

/** The files of an index. */
export const indexFiles = ({ search, code, database }: SiteIndex): SiteFile[] => [search, code, database]

export type RuntimeName = 'wasm' | 'webgpu'

/** Contents of `site.json`. */
export interface SiteManifest {
  /** Digest of all files. */
  readonly version: string
  /** At least one; the first is the default. */
  readonly models: readonly SiteModel[]
  readonly runtimes: Readonly<Record<RuntimeName, SiteRuntime>>
  /** Documents to answer from, if the site has any. */
  readonly index?: SiteIndex
}

/** What the service worker keeps; it is the beginning of `sw.js`. */
export interface SiteCache {
  readonly version: string
  /** Files that the page needs to start, kept when the service worker is installed. */
  readonly core: readonly SiteFile[]
  /** Further files of the page, kept once the first model is loaded. */
  readonly extras: readonly SiteFile[]
  /** Files that not every visitor needs, kept when they are used for the first time. */
  readonly onUse: readonly SiteFile[]
  /** Models, runtimes and the index, which the reader keeps when they are used for the first time. */
  readonly large: readonly SiteFile[]
}

/** `model_max_length` can be Infinity, which JSON writes as null. */
export const readTokenizerSettings = (json: string): TokenizerSettings => {
  const settings = JSON.parse(json) as TokenizerSettings
  return { ...settings, model_max_length: settings.model_max_length ?? Number.POSITIVE_INFINITY }
}

export const writeTokenizerSettings = (settings: TokenizerSettings): string => JSON.stringify(settings)

/** Dynamically quantized models run faster in WebAssembly, because WebGPU lacks their operators. */
const forWasm: readonly ExportDtype[] = ['int8', 'uint8']
const withFloat16: readonly ExportDtype[] = ['fp16', 'q4f16']

/** Whether a graphics adapter, with or without 16-bit floating-point numbers, can run all models of a site. */
export const canUseWebGpu = (models: readonly SiteModel[], hasFloat16: boolean): boolean =>
  models.every(({ dtype }) => !forWasm.includes(dtype) && (hasFloat16 || !withFloat16.includes(dtype)))
