import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import type { Row } from '../batching/pack.ts'
import { PADDED_SIGNATURE, paddedLogits } from '../batching/padded-logits.ts'
import { loadConfig } from '../checkpoint/model-folder.ts'
import { type ExportDtype, listVariants, type StoredVariant, variantOf } from '../checkpoint/onnx-folder.ts'
import { UsageError } from '../errors.ts'
import type { Geometry, ModelConfig } from '../models/architecture.ts'
import { totalSize } from '../models/flat-parameters.ts'
import { parameterSpecs } from '../models/programs.ts'
import { geometryOf } from '../models/registry.ts'
import type { SpanModel } from '../models/span-model.ts'
import type { Engine, StoredExecutable } from '../runtime/engine.ts'
import { defaultEngine } from '../runtime/registry.ts'
import { spanLoss, type WindowLogits } from '../squad/answers/document-logits.ts'
import type { Label } from '../squad/types.ts'
import { rejectStaleExport } from './stale-export.ts'

/** An operator that scales its input by the largest value in the whole batch. */
const BATCH_DEPENDENT = 'DynamicQuantizeLinear'

/** A model stored as an ONNX file that takes padded rows, in the layout of Optimum and transformers.js. */
export class ExportedModel implements SpanModel {
  readonly geometry: Geometry
  private session: Promise<StoredExecutable> | undefined

  private constructor(
    readonly folder: string,
    readonly config: ModelConfig,
    readonly variant: StoredVariant,
    /** Whether the logits of a row depend on the other rows of its batch. Such rows are computed one by one. */
    readonly dependsOnBatch: boolean,
    private readonly engine: Engine,
  ) {
    this.geometry = geometryOf(config)
  }

  /**
   * Opens a variant of an exported folder (default: the one that config.json names, or the most exact).
   * @throws UsageError if the folder has no such variant or the engine does not run ONNX files
   * @throws SpanforgeError if the file is not a question-answering model, or was made from other weights than those next
   * to it
   */
  static async open(
    folder: string,
    { dtype, engine = defaultEngine }: { readonly dtype?: ExportDtype; readonly engine?: Engine } = {},
  ): Promise<ExportedModel> {
    if (!engine.open)
      throw new UsageError(
        `engine: ${engine.name} does not run exported ONNX files`,
        `Use the ${defaultEngine.name} engine, or the model that was exported.`,
      )
    await rejectStaleExport(folder)
    const config = await loadConfig(folder)
    const variants = await listVariants(folder)
    const variant = variantOf(folder, variants, dtype ?? preferred(config, variants))
    const dependsOnBatch = await contains(join(folder, variant.file), BATCH_DEPENDENT)
    const model = new ExportedModel(folder, config, variant, dependsOnBatch, engine)
    await model.executable()
    return model
  }

  get device(): string {
    return `${this.engine.device}, ${this.variant.dtype}`
  }

  num_parameters(): number {
    return totalSize(parameterSpecs(this.config))
  }

  async digest(): Promise<string> {
    const hash = createHash('sha256')
    for (const file of [this.variant.file, this.variant.external_data])
      if (file) for await (const chunk of createReadStream(join(this.folder, file))) hash.update(chunk)
    return hash.digest('hex')
  }

  async forward(rows: readonly Row[], spans?: readonly Label[]) {
    const batches = this.dependsOnBatch ? rows.map((row) => [row]) : [rows]
    const logits: WindowLogits[] = []
    for (const batch of batches) logits.push(...(await this.compute(batch)))
    return { logits, loss: spans && spanLoss(logits, spans) }
  }

  async release(): Promise<void> {
    const session = await this.session
    this.session = undefined
    await session?.release()
  }

  private executable(): Promise<StoredExecutable> {
    this.session ??= this.engine.open!(join(this.folder, this.variant.file), PADDED_SIGNATURE)
    return this.session
  }

  private async compute(rows: readonly Row[]): Promise<WindowLogits[]> {
    const session = await this.executable()
    return paddedLogits(session, session.inputs, rows, this.geometry.padding_row ?? 0)
  }
}

/** The dtype that transformers.js would load by default, if it is there. */
function preferred({ extra }: ModelConfig, variants: readonly StoredVariant[]): ExportDtype | undefined {
  const { dtype } = (extra['transformers.js_config'] ?? {}) as { readonly dtype?: unknown }
  return variants.find((variant) => variant.dtype === dtype)?.dtype
}

/** Whether a file contains an ASCII text, such as the name of an operator. */
async function contains(path: string, text: string): Promise<boolean> {
  let end = ''
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>) {
    const joined = end + chunk.toString('latin1')
    if (joined.includes(text)) return true
    end = joined.slice(-text.length)
  }
  return false
}
