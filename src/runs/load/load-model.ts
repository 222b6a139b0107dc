import { existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { type AnswerSettings, loadAnswerSettings } from '../../checkpoint/answer-settings.ts'
import type { LoadReport } from '../../checkpoint/load-parameters.ts'
import { missingConfig } from '../../checkpoint/missing-config.ts'
import { loadConfig } from '../../checkpoint/model-folder.ts'
import { loadTokenizer } from '../../checkpoint/tokenizer-folder.ts'
import { SpanforgeError, UsageError } from '../../errors.ts'
import type { HubOptions } from '../../hub/index.ts'
import { fitVocabulary, type LoadOptions, loadPretrained } from '../../inference/pretrained.ts'
import type { QuestionAnsweringModel } from '../../models/question-answering.ts'
import type { EngineName } from '../../runtime/registry.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import { chooseEngine, type EngineChoice } from './choose-engine.ts'

export interface HubChoice extends HubOptions {
  /** Branch, tag or commit. */
  readonly revision?: string
  /** False for the configuration and the tokenizer alone. */
  readonly weights?: boolean
}

export interface LoadModelOptions extends Omit<LoadOptions, 'engine' | 'bf16'> {
  /** What computes, and in what. */
  readonly choice?: EngineChoice
}

export interface LoadedModel {
  readonly folder: string
  /** For people: the name on the hub, or the folder's. */
  readonly name: string
  readonly model: QuestionAnsweringModel
  readonly tokenizer: Tokenizer
  readonly report: LoadReport
  /** Threshold and confidence, where they are stored with the model. */
  readonly settings?: AnswerSettings
  readonly engineName: EngineName
  /** As `--device` takes it. */
  readonly device: string
  /** What was chosen and why, where that was left to us. */
  readonly engineNote?: string
}

/**
 * The local folder of a model: itself, or where the model of that name on the hub has been brought to.
 * @throws UsageError for a file, or a folder with nothing of a model in it
 */
export async function modelFolder(nameOrFolder: string, hub: HubChoice = {}): Promise<string> {
  if (existsSync(nameOrFolder)) {
    if (['config.json', 'tokenizer.json', 'vocab.txt'].some((name) => existsSync(join(nameOrFolder, name))))
      return nameOrFolder
    const { summary, options } = await missingConfig(nameOrFolder).catch((error: SpanforgeError) => error)
    throw new UsageError(summary, options.remedy)
  }
  const { refusePath, resolveModel } = await import('../../hub/index.ts')
  refusePath(nameOrFolder)
  try {
    return await resolveModel(nameOrFolder, hub)
  } catch (error) {
    if (!(error instanceof SpanforgeError)) throw error
    const missing = `${nameOrFolder}: there is no such folder, and no model of that name could be had: ${error.summary}`
    throw new SpanforgeError(missing, { ...error.options, cause: error })
  }
}

/** Model and tokenizer of a folder or of a name on the hub, checked to belong together. */
export async function loadModel(
  nameOrFolder: string,
  { choice = {}, ...options }: LoadModelOptions = {},
  hub: HubChoice = {},
): Promise<LoadedModel> {
  const folder = await modelFolder(nameOrFolder, hub)
  // Of a model of another family, its type says more than its tokenizer.
  const config = await loadConfig(folder)
  const loaded = await loadTokenizer(folder)
  const settings = await loadAnswerSettings(folder)
  const { engine, name, device, note } = await chooseEngine(choice, config)
  const { model, report } = await loadPretrained(folder, { ...options, engine, bf16: choice.bf16 })
  const tokenizer = fitVocabulary(folder, loaded, model.geometry)
  const engineFacts = { engineName: name, device, engineNote: note }
  return { folder, name: displayName(nameOrFolder), model, tokenizer, report, settings, ...engineFacts }
}

/** A folder goes by its last part; a name on the hub is its own. */
export const displayName = (nameOrFolder: string): string =>
  existsSync(nameOrFolder) ? basename(resolve(nameOrFolder)) : nameOrFolder
