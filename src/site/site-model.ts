import { join } from 'node:path'
import { loadAnswerSettings } from '../checkpoint/answer-settings.ts'
import { loadConfig } from '../checkpoint/model-folder.ts'
import { type ExportDtype, listVariants, type StoredVariant } from '../checkpoint/onnx-folder.ts'
import { loadTokenizer } from '../checkpoint/tokenizer-folder.ts'
import { SpanforgeError, UsageError } from '../errors.ts'
import { fitVocabulary } from '../inference/pretrained.ts'
import { rejectStaleExport } from '../inference/stale-export.ts'
import { totalSize } from '../models/flat-parameters.ts'
import { parameterSpecs } from '../models/programs.ts'
import { geometryOf } from '../models/registry.ts'
import { questionLayout } from '../squad/windows.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import type { SiteModel } from './manifest.ts'

/** A model in a folder with ONNX files, as `exportModel` writes it. */
export interface SiteSource {
  /** Id in the model selection. */
  readonly id: string
  /** Name on the hub or of the folder. */
  readonly name: string
  /** Describes the model to people who choose between models. */
  readonly about?: string
  /** Whether only the export is at hand, not the weights that it was made from. */
  readonly exported?: boolean
  readonly folder: string
  /** The ONNX file to use (default: the first of `PREFERRED` in the folder). */
  readonly dtype?: ExportDtype
}

/** Small files first, without those that usually lose accuracy. */
const PREFERRED: readonly ExportDtype[] = ['q8', 'int8', 'uint8', 'fp16', 'fp32']

export interface OpenedSource {
  readonly facts: Omit<SiteModel, 'weights' | 'tokenizer'>
  /** Path of the ONNX file. */
  readonly weights: string
  readonly tokenizer: Tokenizer
}

/**
 * Reads everything that a site needs of a model.
 * @throws UsageError if there is no ONNX file, or it is too large for browsers; SpanforgeError if the tokenizer is
 * missing or not suitable
 */
export async function openSource(source: SiteSource): Promise<OpenedSource> {
  const { id, name, about, exported, folder } = source
  const config = await loadConfig(folder)
  const { layers, hidden_size, max_positions } = geometryOf(config)
  const tokenizer = fitVocabulary(folder, await loadTokenizer(folder), geometryOf(config))
  questionLayout(tokenizer)
  const { dtype, file, external_data } = await chooseVariant(source)
  if (external_data)
    throw new UsageError(
      `${join(folder, file)}: its weights are in ${external_data}; browsers cannot load models of this size`,
      'Choose a smaller variant with --dtype, export it again without --external_data, or use a smaller model.',
    )
  return {
    facts: {
      id,
      name,
      about,
      exported,
      dtype,
      parameters: totalSize(parameterSpecs(config)),
      layers,
      hidden_size,
      max_positions: Math.min(max_positions, tokenizer.model_max_length),
      answer_settings: await loadAnswerSettings(folder),
    },
    weights: join(folder, file),
    tokenizer,
  }
}

async function chooseVariant({ folder, dtype }: SiteSource): Promise<StoredVariant> {
  await rejectStaleExport(folder)
  const variants = await listVariants(folder)
  const find = (wanted: ExportDtype) => variants.find((variant) => variant.dtype === wanted)
  const chosen = dtype ? find(dtype) : (PREFERRED.map(find).find(Boolean) ?? variants[0])
  if (chosen) return chosen
  if (variants.length === 0)
    throw new SpanforgeError(`${folder}: found no ONNX files, expected onnx/model.onnx or a variant of it`, {
      remedy: `Create them with: spanforge export MODEL --to onnx --output_dir ${folder}`,
    })
  throw new UsageError(
    `${folder}: has no ${dtype} variant; found ${variants.map((variant) => variant.dtype).join(', ')}`,
    `Choose one of these with --dtype, or add the variant with: spanforge export MODEL --to onnx --dtype ${dtype} --output_dir ${folder}`,
  )
}
