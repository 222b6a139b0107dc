/** The layout in which Optimum and transformers.js store an exported model: `onnx/model.onnx` and its variants. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { UsageError } from '../errors.ts'
import { cannotRead } from '../files/binary-file.ts'
import { readJsonFile } from '../files/text-file.ts'
import { showValue } from '../show-value.ts'
import { ANSWER_SETTINGS_FILE } from './answer-settings.ts'
import { WEIGHT_FILES } from './other-weights.ts'
import { isTokenizerFile } from './tokenizer-folder.ts'

/** Name of each dtype in transformers.js, and what it adds to the name of the file. */
const SUFFIXES = {
  fp32: '',
  fp16: '_fp16',
  q8: '_quantized',
  int8: '_int8',
  uint8: '_uint8',
  q4: '_q4',
  q4f16: '_q4f16',
} as const

export type ExportDtype = keyof typeof SUFFIXES

export const EXPORT_DTYPES = Object.keys(SUFFIXES) as readonly ExportDtype[]

export const isExportDtype = (name: unknown): name is ExportDtype => EXPORT_DTYPES.some((dtype) => dtype === name)

/** @throws UsageError for an unknown dtype */
export function exportDtype(name: string): ExportDtype {
  if (isExportDtype(name)) return name
  throw new UsageError(`dtype: unknown dtype ${showValue(name)}`, `Available dtypes: ${EXPORT_DTYPES.join(', ')}.`)
}

/** File name of a variant within `onnx/`. */
export const onnxFileName = (dtype: ExportDtype): string => `model${SUFFIXES[dtype]}.onnx`

/** File name of the weights of a variant that do not fit into its ONNX file. transformers.js requires this name. */
export const externalDataName = (dtype: ExportDtype): string => `${onnxFileName(dtype)}_data`

/** A variant in an exported folder. Paths are relative to the folder, with slashes. */
export interface StoredVariant {
  readonly dtype: ExportDtype
  readonly file: string
  /** Weights outside the ONNX file. */
  readonly external_data?: string
  /** Size of all files of the variant. */
  readonly bytes: number
}

/** Lists the variants of an exported folder, in the order of `EXPORT_DTYPES`. A folder without `onnx/` has none. */
export async function listVariants(folder: string): Promise<StoredVariant[]> {
  const present = await readdir(join(folder, 'onnx')).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
    throw cannotRead(join(folder, 'onnx'), error)
  })
  const size = async (name: string) => (await stat(join(folder, 'onnx', name))).size
  const variants: StoredVariant[] = []
  for (const dtype of EXPORT_DTYPES) {
    const [name, data] = [onnxFileName(dtype), externalDataName(dtype)]
    if (!present.includes(name)) continue
    const isExternal = present.includes(data)
    const bytes = (await size(name)) + (isExternal ? await size(data) : 0)
    variants.push({ dtype, file: `onnx/${name}`, ...(isExternal && { external_data: `onnx/${data}` }), bytes })
  }
  return variants
}

/**
 * Returns the variant with this dtype (default: the first).
 * @throws UsageError if there is none
 */
export function variantOf(folder: string, variants: readonly StoredVariant[], dtype?: ExportDtype): StoredVariant {
  if (variants.length === 0)
    throw new UsageError(
      `${folder}: has no exported model (onnx/model*.onnx)`,
      `Export the model first: spanforge export ${folder} --to onnx --output_dir FOLDER`,
    )
  const found = dtype === undefined ? variants[0] : variants.find((variant) => variant.dtype === dtype)
  if (found) return found
  throw new UsageError(
    `${folder}: has no variant of dtype ${dtype} (onnx/${onnxFileName(dtype!)})`,
    `Available dtypes: ${variants.map((variant) => variant.dtype).join(', ')}.`,
  )
}

/** The file that records which weights an export was made from. */
export const EXPORT_RECORD_FILE = 'export.json'

/** Digest of the weights that a folder was exported from. Undefined if there is no record, as for exports of Optimum. */
export async function exportedWeights(folder: string): Promise<string | undefined> {
  const record = await readJsonFile(join(folder, EXPORT_RECORD_FILE)).catch(() => undefined)
  return z.object({ weights: z.string() }).safeParse(record).data?.weights
}

/** Whether a folder has weights that spanforge can load. */
export async function hasWeights(folder: string): Promise<boolean> {
  const present = await readdir(folder).catch((error) => Promise.reject(cannotRead(folder, error)))
  return WEIGHT_FILES.some((name) => present.includes(name))
}

/** Whether a folder has exported variants but no weights that spanforge can load. */
export async function isOnlyExported(folder: string): Promise<boolean> {
  return !(await hasWeights(folder)) && (await listVariants(folder)).length > 0
}

export interface StoredFile {
  /** Path within the folder, with slashes. */
  readonly path: string
  readonly bytes: number
}

/**
 * Lists the files of an exported folder that are needed to run one of its variants: the ONNX file, its external data,
 * the configuration, the tokenizer and the answer settings.
 */
export async function variantFiles(folder: string, variant: StoredVariant): Promise<StoredFile[]> {
  const present = await readdir(folder).catch((error) => Promise.reject(cannotRead(folder, error)))
  const beside = present.filter(
    (name) => name === 'config.json' || name === ANSWER_SETTINGS_FILE || isTokenizerFile(name),
  )
  const own = variant.external_data ? [variant.file, variant.external_data] : [variant.file]
  return Promise.all(
    [...beside.sort(), ...own].map(async (path) => ({ path, bytes: (await stat(join(folder, path))).size })),
  )
}
