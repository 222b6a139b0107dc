import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { AnswerSettings } from '../checkpoint/answer-settings.ts'
import { folderTexts } from '../checkpoint/model-folder.ts'
import { type ExportDtype, onnxFileName } from '../checkpoint/onnx-folder.ts'
import { chunks } from '../protobuf.ts'
import { exportCard } from './export-card.ts'
import {
  type ExportedVariant,
  type ExportSource,
  type PlannedVariant,
  planVariant,
  type VariantPlanOptions,
} from './plan-variants.ts'
import { StagedFolder } from './staged-folder.ts'

/** A loaded model folder. */
export interface ExportedModelSource extends ExportSource {
  /** The folder that it was loaded from. */
  readonly folder: string
  /** Display name. */
  readonly name: string
  readonly settings?: AnswerSettings
}

export interface ExportOptions extends VariantPlanOptions {
  readonly output_dir: string
  /** Variants to write (default: fp32). */
  readonly dtypes?: readonly ExportDtype[]
  /** Replace existing files. */
  readonly overwrite?: boolean
  /** Called before anything is written. */
  readonly onPlan?: (variants: readonly ExportedVariant[]) => void
  /** Called with the number of bytes written so far, in all variants together. */
  readonly onProgress?: (bytes: number) => void
  /**
   * Decides whether a variant is kept, once it is written to `folder`, which is complete except for the other variants
   * and the model card.
   */
  readonly accept?: (variant: ExportedVariant, folder: string) => Promise<boolean>
}

export interface ExportedModel {
  readonly folder: string
  readonly variants: readonly ExportedVariant[]
  /** Variants that `accept` rejected. */
  readonly rejected: readonly ExportedVariant[]
  /** Paths of all files, relative to the folder. */
  readonly files: readonly string[]
}

/**
 * Writes a model in the layout of Optimum and transformers.js: ONNX files in `onnx/`, with the configuration and the
 * tokenizer next to it. The folder appears only when it is complete. Existing files are never replaced without
 * `overwrite`.
 * @throws UsageError if a file exists, SpanforgeError if a weight does not fit into a dtype
 */
export async function exportModel(source: ExportedModelSource, options: ExportOptions): Promise<ExportedModel> {
  const { output_dir, dtypes = ['fp32'], overwrite, onPlan, onProgress, accept } = options
  const planned = dtypes.map((dtype) => planVariant(source, dtype, options))
  const beside = await missingFiles(besideFiles(source, planned), source.folder, options)
  const files = [...planned.flatMap(({ contents }) => [...contents.keys()]), ...beside.keys()]
  const staged = await StagedFolder.open(output_dir, files, { overwrite })
  try {
    onPlan?.(planned.map(facts))
    for (const [file, text] of beside) if (file !== CARD) await staged.write(file, text)
    let written = 0
    const report = (bytes: number) => {
      written += bytes
      onProgress?.(written)
    }
    const [variants, rejected]: [ExportedVariant[], ExportedVariant[]] = [[], []]
    for (const variant of planned) {
      for (const [file, content] of variant.contents) await staged.write(file, counted(chunks(content), report))
      const isAccepted = !accept || (await accept(facts(variant), staged.path))
      if (!isAccepted) for (const file of variant.contents.keys()) await staged.remove(file)
      const list = isAccepted ? variants : rejected
      list.push(facts(variant))
    }
    if (beside.has(CARD)) await staged.write(CARD, await card(source, variants))
    const placed = await staged.finish()
    return { folder: resolve(output_dir), variants, rejected, files: placed }
  } finally {
    await staged.abandon()
  }
}

const facts = ({ contents, ...variant }: PlannedVariant): ExportedVariant => variant

function* counted(parts: Iterable<Uint8Array>, report: (bytes: number) => void): Generator<Uint8Array> {
  for (const part of parts) {
    yield part
    report(part.length)
  }
}

const CARD = 'README.md'

/** The files next to `onnx/`, by name. The model card is empty, because it depends on the accepted variants. */
function besideFiles({ model, tokenizer, settings }: ExportedModelSource, variants: readonly PlannedVariant[]) {
  const texts = folderTexts({ config: model.config, tokenizer, answer_settings: settings })
  const config = configFor(JSON.parse(texts['config.json']), variants)
  return new Map(Object.entries({ ...texts, 'config.json': config, [CARD]: '' }))
}

/** Adds what transformers.js reads: which files have external data, and the dtype to load if fp32 is not there. */
function configFor(config: object, variants: readonly PlannedVariant[]): string {
  const external = variants.filter(({ external_data }) => external_data).map(({ dtype }) => [onnxFileName(dtype), 1])
  const settings = {
    ...(external.length > 0 && { use_external_data_format: Object.fromEntries(external) }),
    ...(variants.every(({ dtype }) => dtype !== 'fp32') && { dtype: variants[0].dtype }),
  }
  const all = Object.keys(settings).length > 0 ? { ...config, 'transformers.js_config': settings } : config
  return `${JSON.stringify(all, null, 2)}\n`
}

/** Excludes files that already exist because the folder is the source or contains an earlier export of the same model. */
async function missingFiles(
  files: ReadonlyMap<string, string>,
  source: string,
  { output_dir, overwrite }: ExportOptions,
): Promise<Map<string, string>> {
  if (overwrite) return new Map(files)
  const isSource = resolve(source) === resolve(output_dir)
  const missing = new Map<string, string>()
  for (const [file, text] of files) {
    const found = await readFile(join(output_dir, file), 'utf8').catch(() => undefined)
    if (found === undefined || !(isSource || found === text)) missing.set(file, text)
  }
  return missing
}

/** The card of the source with a section about the variants, or a new one. */
async function card({ folder, name, model }: ExportedModelSource, variants: readonly ExportedVariant[]) {
  const existing = await readFile(join(folder, CARD), 'utf8').catch(() => undefined)
  return exportCard({ name, model_type: model.config.model_type, variants, existing })
}
