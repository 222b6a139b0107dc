import { resolve } from 'node:path'
import type { ExportDtype } from '../checkpoint/onnx-folder.ts'
import { chunks } from '../protobuf.ts'
import { type ExportedModelSource, ExportFolder } from './export-folder.ts'
import type { RecordedVariant } from './export-record.ts'
import type { VariantFigures } from './gate/figures.ts'
import { type ExportedVariant, type PlannedVariant, planVariant, type VariantPlanOptions } from './plan-variants.ts'

export interface ExportOptions extends VariantPlanOptions {
  readonly output_dir: string
  /** Variants to write (default: fp32). */
  readonly dtypes?: readonly ExportDtype[]
  /** Replace existing files. */
  readonly overwrite?: boolean
  /** Write variants in spite of the objections of `judge`. */
  readonly force?: boolean
  /** Called before anything is written. */
  readonly onPlan?: (variants: readonly ExportedVariant[]) => void
  /** Called with the number of bytes written so far, in all variants together. */
  readonly onProgress?: (bytes: number) => void
  /**
   * Compares the variants with the model, once they are written to `folder`, which is complete except for config.json and
   * the model card. Returns one entry per variant.
   */
  readonly judge?: (variants: readonly ExportedVariant[], folder: string) => Promise<readonly VariantFigures[]>
  readonly signal?: AbortSignal
}

export interface ExportOutcome {
  readonly folder: string
  /** The variants that were written. */
  readonly variants: readonly RecordedVariant[]
  /** Variants that were not written because of the objections of `judge`. */
  readonly rejected: readonly RecordedVariant[]
  /** Paths of all files that were written, relative to the folder. Empty if all variants were rejected. */
  readonly files: readonly string[]
}

/**
 * Checks that `exportVariants` can write its files.
 * @throws UsageError if a file exists
 */
export async function checkExport(source: ExportedModelSource, options: ExportOptions): Promise<void> {
  const { dtypes = ['fp32'] } = options
  const planned = dtypes.map((dtype) => planVariant(source, dtype, options))
  await (await ExportFolder.open(source, planned, options)).abandon()
}

/**
 * Writes a model in the layout of Optimum and transformers.js: ONNX files in `onnx/`, with the configuration and the
 * tokenizer next to it. The files appear only when all are complete. Variants can be added to an earlier export of the
 * same weights. Other existing files are never replaced without `overwrite`.
 * @throws UsageError if a file exists, SpanforgeError if a weight does not fit into a dtype
 */
export async function exportVariants(source: ExportedModelSource, options: ExportOptions): Promise<ExportOutcome> {
  const { output_dir, dtypes = ['fp32'], onPlan, judge, force = false } = options
  const planned = dtypes.map((dtype) => planVariant(source, dtype, options))
  const fp32Bytes = planVariant(source, 'fp32').bytes
  const folder = await ExportFolder.open(source, planned, options)
  try {
    onPlan?.(planned.map(facts))
    await writeVariants(folder, planned, options)
    const figures = await judge?.(planned.map(facts), folder.path)
    const judged: RecordedVariant[] = planned.map((variant, i) => ({
      ...facts(variant),
      share: variant.bytes / fp32Bytes,
      ...figures?.[i],
    }))
    const isRejected = ({ objections = [] }: RecordedVariant) => objections.length > 0 && !force
    const [variants, rejected] = [judged.filter((one) => !isRejected(one)), judged.filter(isRejected)]
    for (const [i, variant] of planned.entries())
      if (isRejected(judged[i])) for (const file of variant.contents.keys()) await folder.remove(file)
    options.signal?.throwIfAborted()
    const files = variants.length > 0 ? await folder.finish(variants, rejected) : []
    return { folder: resolve(output_dir), variants, rejected, files }
  } finally {
    await folder.abandon()
  }
}

const facts = ({ contents, ...variant }: PlannedVariant): ExportedVariant => variant

async function writeVariants(
  folder: ExportFolder,
  planned: readonly PlannedVariant[],
  { onProgress, signal }: ExportOptions,
): Promise<void> {
  let written = 0
  const report = (bytes: number) => {
    signal?.throwIfAborted()
    written += bytes
    onProgress?.(written)
  }
  for (const { contents } of planned)
    for (const [file, content] of contents) await folder.write(file, counted(chunks(content), report))
}

function* counted(parts: Iterable<Uint8Array>, report: (bytes: number) => void): Generator<Uint8Array> {
  for (const part of parts) {
    yield part
    report(part.length)
  }
}
