import { realpath } from 'node:fs/promises'
import { UsageError } from '../../errors.ts'
import { digestWeights } from '../../inference/digests.ts'
import { windowLengths } from '../../inference/window-lengths.ts'
import type { SpanModel } from '../../models/span-model.ts'
import { checkAnswered } from '../../squad/metrics/metrics.ts'
import type { Example, LabeledWindow } from '../../squad/types.ts'
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
import { loadTeacher } from '../load/load-teacher.ts'
import { readPromotions, servedFolders } from '../promote/promotions.ts'
import type { Screen } from '../screen/screen.ts'
import { type RunData, readRunData } from './run-data.ts'

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
  /** Place among the processes of the run on this host, which chooses one of several devices (default: 0). */
  readonly local_rank?: number
}

/** Reads data, model and tokenizer, cuts the windows, and checks the arguments against them. */
export async function prepareRun(given: TrainingArguments, options: PrepareOptions): Promise<PreparedRun> {
  const inputs = await loadInputs(given, options)
  return planInputs(inputs, await cutInputs(inputs, options))
}

/** What a run reads: its questions, its model and its tokenizer. */
export interface RunInputs {
  readonly args: DecidedArguments
  readonly examples: RunData
  readonly loaded: LoadedModel
  readonly teacher?: SpanModel
  readonly answer_settings: PreparedRun['answer_settings']
  readonly hub: HubChoice
}

/** The windows of a run, by use. */
export interface RunWindows {
  readonly train: readonly LabeledWindow[]
  readonly validation: readonly LabeledWindow[]
}

/** Reads data, model and tokenizer. */
export async function loadInputs(given: TrainingArguments, options: PrepareOptions): Promise<RunInputs> {
  const { screen, signal, local_rank = 0 } = options
  const hub = { ...options.hub, signal }
  const { model } = given
  if (!model)
    throw new UsageError(
      'train: --model is missing',
      'Name a model folder, or a model on the hub such as bert-base-uncased.',
    )
  rejectExclusive(given)
  const examples = await readRunData(given, hub)
  const { seed, engine, bf16, bf16_full_eval, fp16, revision } = given
  const init_layers = given.init_layers ?? undefined
  const device = deviceOf(given, local_rank)
  const choice = { engine, device, bf16: bf16 || bf16_full_eval, fp16 }
  const loaded = await loadModel(model, { seed, choice, init_layers }, { ...hub, revision: revision ?? hub.revision })
  const promoted = await promotedWarning(loaded.folder)
  if (promoted) screen.warn(`${promoted}\n`)
  // Stored in the arguments, so that a resumed run does not measure again and choose another engine.
  const settled =
    loaded.engineNote === undefined && device !== 'auto'
      ? given
      : { ...given, engine: loaded.engineName, device: loaded.device }
  const base = {
    ...loaded.model.geometry,
    model_max_length: loaded.tokenizer.model_max_length,
    settings: loaded.settings,
    engine: loaded.model.engine,
  }
  const args = decideArguments(settled, base)
  const { note } = windowLengths(settled, base)
  const answer_settings = unfittedSettings(args, base.settings)
  if (!args.version_2_with_negative) checkAnswered(examples.validation)
  const warning = unansweredWarning(examples.train, args)
  if (warning) screen.warn(`${warning}\n`)
  for (const text of [loaded.engineNote, note]) if (text) screen.print(`${text}\n`)
  const teacher = args.teacher === null ? undefined : await loadTeacher(args.teacher, loaded, args, hub)
  return { args, examples, loaded, teacher, answer_settings, hub }
}

/** Warns that servers use another model in place of the base model. */
async function promotedWarning(folder: string): Promise<string | undefined> {
  const [served] = servedFolders(await readPromotions(folder))
  if (served === folder || served === (await realpath(folder))) return undefined
  return `Training starts from ${folder}, but servers use ${served} in its place. To start from that: --model ${served}`
}

/** One of the devices, which the processes on a host take in turn. */
export function deviceOf({ device }: Pick<TrainingArguments, 'device'>, local_rank: number): string | null {
  const devices = device?.split(',').map((name) => name.trim())
  return devices ? devices[local_rank % devices.length] : null
}

/** Cuts the questions into windows. */
export async function cutInputs(
  { args, examples, loaded }: RunInputs,
  { screen, signal }: PrepareOptions,
): Promise<RunWindows> {
  const { max_seq_length, doc_stride, dataloader_num_workers: workers } = args
  const { max_positions } = loaded.model.geometry
  const cutting = { screen, signal, max_seq_length, doc_stride, max_positions, workers }
  const cut = async (questions: readonly Example[], label: string) =>
    (await cutWindows(loaded.tokenizer, questions, { ...cutting, label })).windows
  return {
    train: await cut(examples.train, 'Tokenizing, training'),
    validation: examples.validation.length ? await cut(examples.validation, 'Tokenizing, validation') : [],
  }
}

/** Plans the run, and checks the arguments against its inputs. */
export async function planInputs(inputs: RunInputs, windows: RunWindows): Promise<PreparedRun> {
  const { args, examples, loaded, teacher, answer_settings, hub } = inputs
  const { model, tokenizer } = loaded
  const { max_positions, layers } = model.geometry
  const train = { examples: examples.train, windows: windows.train }
  const validation = examples.validation.length
    ? { examples: examples.validation, windows: windows.validation }
    : undefined
  const plan = planRun(train.windows.length, args)
  checkArguments(args, {
    engine: model.engine,
    validationExamples: examples.validation.length,
    max_positions,
    layers,
    max_steps: plan.max_steps,
    teacher: teacher?.geometry,
  })
  const { missing, mismatched } = loaded.report
  const untrained = [...missing, ...mismatched.map(({ name }) => name)]
  const digests = {
    ...(await digestRun({ model, train, validation, tokenizer, teacher })),
    weights: digestWeights(model.parameters, untrained),
  }
  return { args, loaded, hub, model, tokenizer, train, validation, teacher, plan, digests, answer_settings }
}
