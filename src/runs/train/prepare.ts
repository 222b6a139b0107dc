import { UsageError } from '../../errors.ts'
import { digestWeights } from '../../inference/digests.ts'
import { windowLengths } from '../../inference/window-lengths.ts'
import type { Dataset } from '../../squad/dataset.ts'
import { checkAnswered } from '../../squad/metrics/metrics.ts'
import { checkArguments, rejectExclusive } from '../../training/arguments/argument-checks.ts'
import type { TrainingArguments } from '../../training/arguments/arguments.ts'
import {
  type DecidedArguments,
  decideArguments,
  unansweredWarning,
  unfittedSettings,
} from '../../training/arguments/stored-settings.ts'
import { digestRun, type RunDigests } from '../../training/checkpoints/run-digests.ts'
import { type Plan, planRun } from '../../training/loop/plan.ts'
import type { TrainingRun } from '../../training/loop/training-run.ts'
import { cutWindows } from '../load/load-data.ts'
import { type HubChoice, type LoadedModel, loadModel } from '../load/load-model.ts'
import type { Screen } from '../screen/screen.ts'
import { readRunData } from './run-data.ts'

/** The validated inputs of a run. */
export interface PreparedRun {
  readonly args: DecidedArguments
  readonly loaded: LoadedModel
  readonly train: Dataset
  readonly validation?: Dataset
  readonly plan: Plan
  /** Digests of the data and the base model. */
  readonly digests: RunDigests
  /** Options for looking up names on the hub. */
  readonly hub: HubChoice
}

export interface PrepareOptions {
  readonly screen: Screen
  readonly signal?: AbortSignal
  readonly hub?: HubChoice
}

/** Reads data, model and tokenizer, cuts the windows, and checks the arguments against them. */
export async function prepareRun(given: TrainingArguments, options: PrepareOptions): Promise<PreparedRun> {
  const { screen, signal } = options
  const hub = { ...options.hub, signal }
  const { model } = given
  if (!model)
    throw new UsageError('train: --model is missing', 'Use the folder of a pretrained BERT or a name on the hub.')
  rejectExclusive(given)
  const examples = await readRunData(given, hub)
  const { seed, engine, device, bf16, bf16_full_eval, revision } = given
  const choice = { engine, device, bf16: bf16 || bf16_full_eval }
  const loaded = await loadModel(model, { seed, choice }, { ...hub, revision: revision ?? hub.revision })
  // Stored in the arguments, so that a resumed run does not measure again and choose another engine.
  const settled =
    loaded.engineNote === undefined ? given : { ...given, engine: loaded.engineName, device: loaded.device }
  const base = {
    ...loaded.model.geometry,
    model_max_length: loaded.tokenizer.model_max_length,
    settings: loaded.settings,
  }
  const args = decideArguments(settled, base)
  const { note } = windowLengths(settled, base)
  if (!args.version_2_with_negative) checkAnswered(examples.validation)
  const warning = unansweredWarning(examples.train, args)
  if (warning) screen.warn(`${warning}\n`)
  for (const text of [loaded.engineNote, note]) if (text) screen.print(`${text}\n`)

  const { max_seq_length, doc_stride, dataloader_num_workers: workers } = args
  const { tokenizer } = loaded
  const { max_positions, layers } = loaded.model.geometry
  const cutting = { screen, signal, max_seq_length, doc_stride, max_positions, workers }
  const train = await cutWindows(tokenizer, examples.train, { ...cutting, label: 'Tokenizing, training' })
  const validation = examples.validation.length
    ? await cutWindows(tokenizer, examples.validation, { ...cutting, label: 'Tokenizing, validation' })
    : undefined
  const plan = planRun(train.windows.length, args)
  checkArguments(args, {
    engine: loaded.model.engine,
    validationExamples: examples.validation.length,
    max_positions,
    layers,
    max_steps: plan.max_steps,
  })
  const { model: bert, report } = loaded
  const untrained = [...report.missing, ...report.mismatched.map(({ name }) => name)]
  const digests = {
    ...digestRun({ model: bert, train, validation, tokenizer }),
    weights: digestWeights(bert.parameters, untrained),
  }
  return { args, loaded, train, validation, plan, digests, hub }
}

/** The inputs of the training loop. */
export function trainingRun({ args, loaded, train, validation, digests }: PreparedRun): TrainingRun {
  const { model, tokenizer, settings } = loaded
  return { model, tokenizer, args, train, validation, digests, answer_settings: unfittedSettings(args, settings) }
}
