import { UsageError } from '../../errors.ts'
import { digestWeights } from '../../inference/digests.ts'
import { windowLengths } from '../../inference/window-lengths.ts'
import { checkAnswered } from '../../squad/metrics/metrics.ts'
import { checkArguments, rejectExclusive } from '../../training/arguments/argument-checks.ts'
import type { TrainingArguments } from '../../training/arguments/arguments.ts'
import {
  type DecidedArguments,
  decideArguments,
  unansweredWarning,
  unfittedSettings,
} from '../../training/arguments/stored-settings.ts'
import { digestRun } from '../../training/checkpoints/run-digests.ts'
import { planRun } from '../../training/loop/plan.ts'
import type { PlannedRun } from '../../training/loop/training-run.ts'
import { cutWindows } from '../load/cut-windows.ts'
import { type HubChoice, type LoadedModel, loadModel } from '../load/load-model.ts'
import type { Screen } from '../screen/screen.ts'
import { readRunData } from './run-data.ts'

/** The validated inputs of a run. */
export interface PreparedRun extends PlannedRun {
  readonly args: DecidedArguments
  readonly loaded: LoadedModel
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
    loaded.engineNote === undefined && device !== 'auto'
      ? given
      : { ...given, engine: loaded.engineName, device: loaded.device }
  const base = {
    ...loaded.model.geometry,
    model_max_length: loaded.tokenizer.model_max_length,
    settings: loaded.settings,
  }
  const args = decideArguments(settled, base)
  const answer_settings = unfittedSettings(args, base.settings)
  const { note } = windowLengths(settled, base)
  if (!args.version_2_with_negative) checkAnswered(examples.validation)
  const warning = unansweredWarning(examples.train, args)
  if (warning) screen.warn(`${warning}\n`)
  for (const text of [loaded.engineNote, note]) if (text) screen.print(`${text}\n`)

  const { max_seq_length, doc_stride, dataloader_num_workers: workers } = args
  const { model: network, tokenizer } = loaded
  const { max_positions, layers } = network.geometry
  const cutting = { screen, signal, max_seq_length, doc_stride, max_positions, workers }
  const train = await cutWindows(tokenizer, examples.train, { ...cutting, label: 'Tokenizing, training' })
  const validation = examples.validation.length
    ? await cutWindows(tokenizer, examples.validation, { ...cutting, label: 'Tokenizing, validation' })
    : undefined
  const plan = planRun(train.windows.length, args)
  checkArguments(args, {
    engine: network.engine,
    validationExamples: examples.validation.length,
    max_positions,
    layers,
    max_steps: plan.max_steps,
  })
  const { missing, mismatched } = loaded.report
  const untrained = [...missing, ...mismatched.map(({ name }) => name)]
  const digests = {
    ...digestRun({ model: network, train, validation, tokenizer }),
    weights: digestWeights(network.parameters, untrained),
  }
  return { args, loaded, hub, model: network, tokenizer, train, validation, plan, digests, answer_settings }
}
