import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { loadAnswerSettings } from '../checkpoint/answer-settings.ts'
import { loadConfig } from '../checkpoint/model-folder.ts'
import { loadTokenizer } from '../checkpoint/tokenizer-folder.ts'
import { UsageError } from '../errors.ts'
import { fitVocabulary } from '../inference/pretrained.ts'
import { totalSize } from '../models/flat-parameters.ts'
import { parameterSpecs } from '../models/programs.ts'
import { geometryOf } from '../models/registry.ts'
import { questionLayout } from '../squad/windows.ts'
import type { Tokenizer } from '../text/index.ts'
import type { SiteDtype, SiteModel } from './manifest.ts'

/** A folder with ONNX models, as `spanforge export --to onnx` writes it. */
export interface SiteSource {
  /** Id in the model selection. */
  readonly id: string
  /** Name on the hub or of the folder. */
  readonly name: string
  readonly folder: string
  /** The ONNX model to use (default: the first of `PREFERRED` in the folder). */
  readonly dtype?: SiteDtype
}

/** Names of ONNX models in a folder, as in transformers.js. */
const ONNX_FILES: Readonly<Record<SiteDtype, string>> = {
  fp32: 'model.onnx',
  fp16: 'model_fp16.onnx',
  q8: 'model_quantized.onnx',
  int8: 'model_int8.onnx',
  uint8: 'model_uint8.onnx',
  q4: 'model_q4.onnx',
  q4f16: 'model_q4f16.onnx',
}

/** Small files first, but not those that lose accuracy. */
const PREFERRED: readonly SiteDtype[] = ['q8', 'int8', 'uint8', 'fp16', 'fp32']

export interface OpenedSource {
  readonly facts: Omit<SiteModel, 'weights' | 'tokenizer'>
  /** Path of the ONNX file. */
  readonly weights: string
  readonly tokenizer: Tokenizer
}

/**
 * Reads everything that a site needs of a model.
 * @throws UsageError if there is no ONNX model, or it is too large for browsers; SpanforgeError if the tokenizer is
 * missing or not suitable
 */
export async function openSource(source: SiteSource): Promise<OpenedSource> {
  const { id, name, folder } = source
  const config = await loadConfig(folder)
  const { layers, hidden_size, max_positions } = geometryOf(config)
  const tokenizer = fitVocabulary(folder, await loadTokenizer(folder), geometryOf(config))
  questionLayout(tokenizer)
  const dtype = chooseDtype(source)
  const weights = join(folder, 'onnx', ONNX_FILES[dtype])
  if (existsSync(`${weights}_data`))
    throw new UsageError(
      `${weights}: its weights are in another file, because they exceed 2 GB; browsers cannot load so much`,
      'Choose a smaller variant with --dtype, or a smaller model.',
    )
  return {
    facts: {
      id,
      name,
      dtype,
      parameters: totalSize(parameterSpecs(config)),
      layers,
      hidden_size,
      max_positions: Math.min(max_positions, tokenizer.model_max_length),
      answer_settings: await loadAnswerSettings(folder),
    },
    weights,
    tokenizer,
  }
}

function chooseDtype({ folder, dtype }: SiteSource): SiteDtype {
  const isThere = (one: SiteDtype) => existsSync(join(folder, 'onnx', ONNX_FILES[one]))
  const found = (Object.keys(ONNX_FILES) as SiteDtype[]).filter(isThere)
  const chosen = dtype ?? PREFERRED.find(isThere) ?? found[0]
  if (chosen && found.includes(chosen)) return chosen
  const wanted = dtype ? ONNX_FILES[dtype] : 'an ONNX model'
  const others = found.length > 0 ? `; found ${found.join(', ')}` : ''
  throw new UsageError(
    `${join(folder, 'onnx')}: ${wanted} not found${others}`,
    `Create it with: spanforge export MODEL --to onnx --dtype ${dtype ?? 'q8'} --output_dir ${folder}`,
  )
}
