import { readFileSync } from 'node:fs'
import { loadPretrained, randomModel } from '../../src/inference/pretrained.ts'
import type { QuestionAnsweringModel } from '../../src/models/question-answering.ts'
import { parseConfig } from '../../src/models/registry.ts'
import type { Engine } from '../../src/runtime/engine.ts'

interface KnownModel {
  readonly title: string
  readonly config: object
}

/** Models with random weights, by name. ../python/time_mode.py reads the same file. */
const known: Readonly<Record<string, KnownModel>> = JSON.parse(
  readFileSync(new URL('./models.json', import.meta.url), 'utf8'),
)

/** The models that can be measured; `folder` is the model in the folder given. */
export const MODELS: readonly string[] = [...Object.keys(known), 'folder']

/** One model of each architecture except BERT. */
export const FAMILIES: readonly string[] = Object.keys(known).filter((name) => !name.startsWith('bert-'))

export const configOf = (model: string): object => known[model].config

export const titleOf = (model: string): string => known[model]?.title ?? 'The model in the folder'

export async function benchmarkModel(model: string, folder: string, engine?: Engine): Promise<QuestionAnsweringModel> {
  if (!known[model]) return (await loadPretrained(folder, { engine })).model
  return randomModel(parseConfig(configOf(model), model), { engine })
}
