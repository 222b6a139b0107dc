import { readdir } from 'node:fs/promises'
import { type LoadReport, matchParameters, rejectUnreadable } from '../../checkpoint/load-parameters.ts'
import { loadConfig } from '../../checkpoint/model-folder.ts'
import { openWeights } from '../../checkpoint/open.ts'
import { isTokenizerFile, loadTokenizer } from '../../checkpoint/tokenizer-folder.ts'
import { fitVocabulary } from '../../inference/pretrained.ts'
import type { ModelConfig, ParameterSpec } from '../../models/architecture.ts'
import { totalSize } from '../../models/flat-parameters.ts'
import { parameterSpecs } from '../../models/programs.ts'
import { architectureOf, geometryOf } from '../../models/registry.ts'
import type { ModelFacts } from '../../report/summary/run.ts'
import { questionLayout } from '../../squad/windows.ts'
import { displayName, type HubChoice, modelFolder } from '../load/load-model.ts'
import { modelFacts } from '../train/model-facts.ts'

export interface Inspection {
  readonly facts: ModelFacts
  /** Number of parameters, including the question-answering head. */
  readonly parameters: number
  readonly report: LoadReport
  /** The weight files. Empty if there is only a config.json; nothing is reported missing then. */
  readonly files: readonly string[]
  /** Whether there is a tokenizer, without which a model can be inspected but not used. */
  readonly hasTokenizer: boolean
}

/**
 * Compares the model described by config.json with the weights next to it. Only their names and shapes are read.
 * @throws SpanforgeError for a tokenizer that training rejects
 */
export async function inspectModel(nameOrFolder: string, hub?: HubChoice): Promise<Inspection> {
  const folder = await modelFolder(nameOrFolder, hub)
  const config = await loadConfig(folder)
  const hasTokenizer = await checkTokenizer(folder, config)
  const specs = parameterSpecs(config)
  const { report, files } = await weightsOf(folder, config, specs)
  const facts = modelFacts(displayName(nameOrFolder), config, specs, report)
  return { facts, parameters: totalSize(specs), report, files, hasTokenizer }
}

/** Returns whether there is a tokenizer, after checking that training accepts it. */
async function checkTokenizer(folder: string, config: ModelConfig): Promise<boolean> {
  const names = await readdir(folder)
  if (!names.some(isTokenizerFile)) return false
  questionLayout(fitVocabulary(folder, await loadTokenizer(folder), geometryOf(config)))
  return true
}

async function weightsOf(folder: string, config: ModelConfig, specs: readonly ParameterSpec[]) {
  const names = await readdir(folder)
  if (!names.some((name) => /\.(safetensors|bin)$/.test(name) || name.endsWith('.index.json')))
    return { report: { missing: [], unexpected: [], mismatched: [] }, files: [] }
  const checkpoint = await openWeights(folder)
  try {
    const report = matchParameters(checkpoint.tensors, specs, architectureOf(config).checkpoint)
    rejectUnreadable(report)
    return { report, files: checkpoint.files }
  } finally {
    await checkpoint.close()
  }
}
