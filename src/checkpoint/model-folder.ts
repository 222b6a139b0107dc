import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '../files/atomic.ts'
import { readJsonFile } from '../files/text-file.ts'
import type { ModelConfig } from '../models/architecture.ts'
import { configJson, parseConfig } from '../models/registry.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { ANSWER_SETTINGS_FILE, type AnswerSettings, toAnswerSettingsJson } from './answer-settings.ts'
import { rejectNonfinite } from './floats.ts'
import { missingConfig } from './missing-config.ts'
import { type NamedTensor, type SafetensorsOptions, writeSafetensors } from './safetensors-writer.ts'
import { tokenizerFiles } from './tokenizer-folder.ts'

/** Reads the `config.json` of a model folder. */
export async function loadConfig(folder: string): Promise<ModelConfig> {
  const path = join(folder, 'config.json')
  if (!existsSync(path)) throw await missingConfig(folder)
  return parseConfig(await readJsonFile(path), path)
}

/** A model without its weights. */
export interface ModelDescription {
  readonly config: ModelConfig
  readonly tokenizer?: Tokenizer
  readonly answer_settings?: AnswerSettings
}

/** Returns the text files of a model folder by name: everything except the weights. */
export const folderTexts = ({ config, tokenizer, answer_settings }: ModelDescription): Record<string, string> => ({
  'config.json': configJson(config),
  ...(tokenizer && tokenizerFiles(tokenizer)),
  ...(answer_settings && { [ANSWER_SETTINGS_FILE]: toAnswerSettingsJson(answer_settings) }),
})

/**
 * Writes `config.json` and `model.safetensors` as save_pretrained does, so that transformers can load the folder as a
 * question-answering model. Creates the folder if necessary. Does not write the tokenizer files.
 */
export async function saveModel(
  folder: string,
  config: ModelConfig,
  tensors: Iterable<NamedTensor>,
  { dtype = 'F32' }: { readonly dtype?: 'F32' | 'F16' } = {},
): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeWeights(join(folder, 'model.safetensors'), tensors, { dtype })
  const json = configJson(config, dtype === 'F32' ? 'float32' : 'float16')
  await writeFileAtomic(join(folder, 'config.json'), json)
}

/**
 * Writes the tensors of a model or an optimizer.
 * @throws SpanforgeError if a value is infinite or NaN; nothing is written in that case
 */
export async function writeWeights(
  path: string,
  tensors: Iterable<NamedTensor>,
  options?: SafetensorsOptions,
): Promise<void> {
  const list = [...tensors]
  for (const { name, data } of list)
    rejectNonfinite(`${path}: ${name}`, data, 'The file was not written. Reload the model and train it again.')
  await writeSafetensors(path, list, options)
}
