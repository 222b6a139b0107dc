import { readFile, rm } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { AnswerSettings } from '../checkpoint/answer-settings.ts'
import { folderTexts } from '../checkpoint/model-folder.ts'
import {
  EXPORT_DTYPES,
  EXPORT_RECORD_FILE,
  listVariants,
  onnxFileName,
  type StoredVariant,
} from '../checkpoint/onnx-folder.ts'
import { UsageError } from '../errors.ts'
import { exportCard } from './export-card.ts'
import { type ExportRecord, type RecordedVariant, readExportRecord } from './export-record.ts'
import type { ExportSource, PlannedVariant } from './plan-variants.ts'
import { StagedFolder } from './staged-folder.ts'

const CARD = 'README.md'
const CONFIG = 'config.json'

/** The field of config.json that transformers.js reads. */
const BROWSER_SETTINGS = 'transformers.js_config'

/** A loaded model folder. */
export interface ExportedModelSource extends ExportSource {
  /** The folder that it was loaded from. */
  readonly folder: string
  /** Display name. */
  readonly name: string
  readonly settings?: AnswerSettings
}

type Json = Readonly<Record<string, unknown>>

/** An exported folder while it is written: its ONNX files, and the files next to them, which describe all variants. */
export class ExportFolder {
  private constructor(
    private readonly source: ExportedModelSource,
    private readonly staged: StagedFolder,
    /** Text files of the model, by name. */
    private readonly texts: ReadonlyMap<string, string>,
    /** Weights of the model. */
    private readonly weights: string,
    /** The record of an earlier export into the same folder. */
    private readonly earlier: ExportRecord | undefined,
    /** Files next to `onnx/` that are written, in addition to the ONNX files. */
    private readonly beside: ReadonlySet<string>,
  ) {}

  /**
   * @throws UsageError if the folder contains another model or a file with the name of an output, except with `overwrite`
   */
  static async open(
    source: ExportedModelSource,
    planned: readonly PlannedVariant[],
    { output_dir, overwrite = false }: { readonly output_dir: string; readonly overwrite?: boolean },
  ): Promise<ExportFolder> {
    const weights = await source.model.digest()
    const texts = textsOf(source)
    const earlier = await readExportRecord(output_dir)
    const isSame = earlier?.weights === weights
    if (earlier && !isSame && !overwrite)
      throw new UsageError(
        `${output_dir}: contains an export of another model, or of other weights`,
        'Use another --output_dir, or replace it with --overwrite.',
      )
    const isExternal = planned.some(({ external_data }) => external_data)
    const beside = overwrite
      ? [...texts.keys(), CARD, EXPORT_RECORD_FILE]
      : await missingFiles(source, texts, { output_dir, isSame, isExternal })
    const files = [...planned.flatMap(({ contents }) => [...contents.keys()]), ...beside]
    const staged = await StagedFolder.open(output_dir, files, {
      overwrite,
      replaceable: isSame ? [CARD, CONFIG, EXPORT_RECORD_FILE] : [],
    })
    try {
      for (const [file, text] of texts) if (file !== CONFIG && beside.includes(file)) await staged.write(file, text)
    } catch (error) {
      await staged.abandon()
      throw error
    }
    return new ExportFolder(source, staged, texts, weights, earlier, new Set(beside))
  }

  /** The folder that contains the files until `finish`. */
  get path(): string {
    return this.staged.path
  }

  write(...args: Parameters<StagedFolder['write']>): Promise<void> {
    return this.staged.write(...args)
  }

  remove(file: string): Promise<void> {
    return this.staged.remove(file)
  }

  abandon(): Promise<void> {
    return this.staged.abandon()
  }

  /** Describes the variants and moves all files into place. Returns the paths of the files that were written. */
  async finish(variants: readonly RecordedVariant[], rejected: readonly RecordedVariant[]): Promise<string[]> {
    const { target } = this.staged
    const isSame = this.earlier?.weights === this.weights
    const before = isSame ? await this.presentBefore(variants) : []
    const all = sorted([...before, ...variants])
    if (this.beside.has(CONFIG)) await this.staged.write(CONFIG, this.config(all))
    if (this.beside.has(CARD)) await this.staged.write(CARD, await this.card(all, isSame))
    if (this.beside.has(EXPORT_RECORD_FILE)) {
      const others = (isSame ? this.earlier!.rejected : []).filter(({ dtype }) =>
        [...all, ...rejected].every((one) => one.dtype !== dtype),
      )
      const record: ExportRecord = {
        weights: this.weights,
        variants: all,
        rejected: sorted([...others, ...rejected]),
      }
      await this.staged.write(EXPORT_RECORD_FILE, `${JSON.stringify(record, null, 2)}\n`)
    }
    const files = await this.staged.finish()
    // Variants of another model, which `overwrite` replaces.
    for (const { file, external_data } of isSame ? [] : (this.earlier?.variants ?? []))
      for (const old of [file, external_data])
        if (old && isOnnxFile(old) && !files.includes(old)) await rm(join(target, old), { force: true })
    return files
  }

  /** Returns the variants of the earlier export that still exist and remain. */
  private async presentBefore(variants: readonly RecordedVariant[]): Promise<RecordedVariant[]> {
    const present = new Set((await listVariants(this.staged.target)).map(({ dtype }) => dtype))
    const isReplaced = (dtype: string) => variants.some((one) => one.dtype === dtype)
    return this.earlier!.variants.filter(({ dtype }) => present.has(dtype) && !isReplaced(dtype))
  }

  private config(variants: readonly StoredVariant[]): string {
    return `${JSON.stringify(withBrowserSettings(configOf(this.texts), variants), null, 2)}\n`
  }

  /** Returns the card of the earlier export or of the model, with a section about the variants, or a new one. */
  private async card(variants: readonly RecordedVariant[], isSame: boolean): Promise<string> {
    const { folder, name, model } = this.source
    const from = isSame ? this.staged.target : folder
    const existing = await readFile(join(from, CARD), 'utf8').catch(() => undefined)
    const { model_type } = model.config
    return exportCard({ name, folder: basename(this.staged.target), model_type, variants, existing })
  }
}

/** Whether a recorded path is one of those that an export writes. */
const isOnnxFile = (path: string): boolean =>
  EXPORT_DTYPES.some((dtype) => [`onnx/${onnxFileName(dtype)}`, `onnx/${onnxFileName(dtype)}_data`].includes(path))

const sorted = <T extends StoredVariant>(variants: readonly T[]): T[] =>
  [...variants].sort((a, b) => EXPORT_DTYPES.indexOf(a.dtype) - EXPORT_DTYPES.indexOf(b.dtype))

const textsOf = ({ model, tokenizer, settings }: ExportedModelSource): Map<string, string> =>
  new Map(Object.entries(folderTexts({ config: model.config, tokenizer, answer_settings: settings })))

/** The configuration without the settings of an earlier export. */
const configOf = (texts: ReadonlyMap<string, string>): Json => withoutBrowserSettings(JSON.parse(texts.get(CONFIG)!))

const withoutBrowserSettings = ({ [BROWSER_SETTINGS]: _old, ...config }: Json): Json => config

/**
 * Adds the settings that transformers.js reads: which files have external data, and the dtype to load if there is no
 * fp32.
 */
function withBrowserSettings(config: Json, variants: readonly StoredVariant[]): Json {
  const external = variants.filter(({ external_data }) => external_data).map(({ dtype }) => [onnxFileName(dtype), 1])
  const settings = {
    ...(external.length > 0 && { use_external_data_format: Object.fromEntries(external) }),
    ...(variants.every(({ dtype }) => dtype !== 'fp32') && { dtype: variants[0].dtype }),
  }
  return Object.keys(settings).length > 0 ? { ...config, [BROWSER_SETTINGS]: settings } : config
}

/**
 * Returns the files next to `onnx/` that are missing or must be updated without `overwrite`. Existing files remain if
 * the folder is the source, or if they have the same contents.
 */
async function missingFiles(
  source: ExportedModelSource,
  texts: ReadonlyMap<string, string>,
  { output_dir, isSame, isExternal }: { output_dir: string; isSame: boolean; isExternal: boolean },
): Promise<string[]> {
  const isSource = resolve(source.folder) === resolve(output_dir)
  const found = (file: string) => readFile(join(output_dir, file), 'utf8').catch(() => undefined)
  const files = [EXPORT_RECORD_FILE]
  for (const [file, text] of texts) {
    if (file === CONFIG) continue
    const existing = await found(file)
    if (existing === undefined || (existing !== text && !isSource)) files.push(file)
  }
  const config = await found(CONFIG)
  const isStillConfig = config !== undefined && isDeepStrictEqual(configIn(config), configOf(texts))
  if (isSource ? isExternal || isSame : isSame || !isStillConfig) files.push(CONFIG)
  if (isSame && config !== undefined && !isStillConfig)
    throw new UsageError(
      `${join(output_dir, CONFIG)}: differs from the configuration of the model`,
      'Use another --output_dir, or replace it with --overwrite.',
    )
  if (!isSource || (await found(CARD)) === undefined || isSame) files.push(CARD)
  return files
}

function configIn(text: string): Json | undefined {
  try {
    return withoutBrowserSettings(JSON.parse(text))
  } catch {
    return undefined
  }
}
