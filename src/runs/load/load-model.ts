import { existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { type AnswerSettings, loadAnswerSettings } from '../../checkpoint/answer-settings.ts'
import type { LoadReport } from '../../checkpoint/load-parameters.ts'
import { missingConfig } from '../../checkpoint/missing-config.ts'
import { type ExportDtype, exportDtype, isOnlyExported } from '../../checkpoint/onnx-folder.ts'
import { isStarter, isStarterName, requireStarter, STARTER } from '../../checkpoint/starter-model.ts'
import { loadTokenizer } from '../../checkpoint/tokenizer-folder.ts'
import { SpanforgeError, UsageError } from '../../errors.ts'
import type { HubOptions } from '../../hub/http/options.ts'
import { ExportedModel } from '../../inference/exported-model.ts'
import {
  fitVocabulary,
  type LoadOptions,
  loadPretrained,
  newlyInitialized,
  pretrainedConfig,
} from '../../inference/pretrained.ts'
import type { QuestionAnsweringModel } from '../../models/question-answering.ts'
import type { SpanModel } from '../../models/span-model.ts'
import { type EngineName, openNamed } from '../../runtime/registry.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import { chooseEngine, type EngineChoice } from './choose-engine.ts'

export interface HubChoice extends HubOptions {
  /** Branch, tag or commit. */
  readonly revision?: string
  /** Set this to false to download only the configuration and the tokenizer. */
  readonly weights?: boolean
  /** Download this variant of an exported model instead of the weights. */
  readonly dtype?: ExportDtype
}

export interface LoadModelOptions extends Omit<LoadOptions, 'engine' | 'bf16' | 'fp16'> {
  /** Engine, device and precision. */
  readonly choice?: EngineChoice
}

/** A model that is ready to answer questions. */
export interface OpenedModel {
  readonly folder: string
  /** Display name: the name on the hub, or that of the folder. */
  readonly name: string
  readonly model: SpanModel
  readonly tokenizer: Tokenizer
  /** Warning about newly initialized weights. */
  readonly warning?: string
  /** Threshold and confidence, if they are stored with the model. */
  readonly settings?: AnswerSettings
  readonly engineName: EngineName
  /** Name of the device, as for `--device`. */
  readonly device: string
  /** Explains the choice of the engine, if it was chosen by measuring. */
  readonly engineNote?: string
}

/** A model whose weights are loaded, so that it can also be trained and exported. */
export interface LoadedModel extends OpenedModel {
  readonly model: QuestionAnsweringModel
  readonly report: LoadReport
}

/**
 * Returns the local folder of a model. A name on the hub is downloaded first.
 * @throws UsageError for a file, a folder that contains no model, or the starter model if it is missing
 */
export async function modelFolder(nameOrFolder: string, hub: HubChoice = {}): Promise<string> {
  if (isStarterName(nameOrFolder)) return requireStarter('starter: no such folder')
  if (existsSync(nameOrFolder)) {
    if (['config.json', 'tokenizer.json', 'vocab.txt'].some((name) => existsSync(join(nameOrFolder, name))))
      return nameOrFolder
    const { summary, options } = await missingConfig(nameOrFolder).catch((error: SpanforgeError) => error)
    throw new UsageError(summary, options.remedy)
  }
  const { rejectPath, resolveModel } = await import('../../hub/download/models.ts')
  rejectPath(nameOrFolder)
  try {
    return await resolveModel(nameOrFolder, hub)
  } catch (error) {
    if (!(error instanceof SpanforgeError)) throw error
    const missing = `${nameOrFolder}: no such folder, and no model with this name could be downloaded: ${error.summary}`
    throw new SpanforgeError(missing, { ...error.options, cause: error })
  }
}

/**
 * Opens a model to answer questions: an exported one if the choice has a dtype or the folder has no other weights,
 * otherwise as `loadModel` does.
 */
export async function openModel(
  nameOrFolder: string,
  { choice = {}, ...options }: LoadModelOptions = {},
  hub: HubChoice = {},
): Promise<OpenedModel> {
  const dtype = choice.dtype ? exportDtype(choice.dtype) : undefined
  const folder = await modelFolder(nameOrFolder, { ...hub, dtype })
  if (!dtype && !(await isOnlyExported(folder))) return loadModel(nameOrFolder, { choice, ...options }, hub)
  const reduced = choice.bf16 ? 'bf16' : choice.fp16 ? 'fp16' : undefined
  if (reduced)
    throw new UsageError(
      `${reduced}: an exported model computes in its own dtype`,
      `Leave out ${reduced} and choose a dtype.`,
    )
  const loaded = await loadTokenizer(folder)
  const settings = await loadAnswerSettings(folder)
  const { name: engineName, device, engine } = await openNamed(choice.engine, choice.device)
  const model = await ExportedModel.open(folder, { dtype, engine })
  const tokenizer = fitVocabulary(folder, loaded, model.geometry)
  return { folder, name: displayName(nameOrFolder), model, tokenizer, settings, engineName, device }
}

/** Loads the model and the tokenizer of a folder or of a name on the hub, and checks that they match. */
export async function loadModel(
  nameOrFolder: string,
  { choice = {}, ...options }: LoadModelOptions = {},
  hub: HubChoice = {},
): Promise<LoadedModel> {
  const folder = await modelFolder(nameOrFolder, hub)
  // The configuration is read first: for an unsupported model, its type is a better error than its tokenizer.
  const config = await pretrainedConfig(folder, options)
  const loaded = await loadTokenizer(folder)
  const settings = await loadAnswerSettings(folder)
  const { engine, name, device, note } = await chooseEngine(choice, config)
  const { model, report } = await loadPretrained(folder, {
    ...options,
    engine,
    bf16: choice.bf16,
    fp16: choice.fp16 === true,
  })
  const tokenizer = fitVocabulary(folder, loaded, model.geometry)
  const engineFacts = { engineName: name, device, engineNote: note }
  const warning = newlyInitialized(nameOrFolder, model, report)
  return { folder, name: displayName(nameOrFolder), model, tokenizer, report, warning, settings, ...engineFacts }
}

/** The last part of a folder's path, or the full name on the hub. The starter model has the same name wherever it is. */
export function displayName(nameOrFolder: string): string {
  if (isStarter(nameOrFolder)) return STARTER
  return existsSync(nameOrFolder) ? basename(resolve(nameOrFolder)) : nameOrFolder
}
