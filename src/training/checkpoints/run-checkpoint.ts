import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { AnswerSettings } from '../../checkpoint/answer-settings.ts'
import { rejectNonfinite } from '../../checkpoint/floats.ts'
import { loadParameters } from '../../checkpoint/load-parameters.ts'
import { folderTexts, writeWeights } from '../../checkpoint/model-folder.ts'
import { openWeights } from '../../checkpoint/open.ts'
import { openSafetensors } from '../../checkpoint/safetensors.ts'
import type { NamedTensor } from '../../checkpoint/safetensors-writer.ts'
import { SpanforgeError } from '../../errors.ts'
import { writeFileAtomic } from '../../files/atomic.ts'
import { readJsonFile } from '../../files/text-file.ts'
import type { FlatParameters } from '../../models/flat-parameters.ts'
import type { QuestionAnsweringModel } from '../../models/question-answering.ts'
import { showIssues } from '../../show-value.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import type { TrainingArguments } from '../arguments/arguments.ts'
import type { CheckpointWriter } from './checkpoint-store.ts'
import { readTrainerState, STATE_FILE, type TrainerState, writeTrainerState } from './state.ts'

const interval = z.tuple([z.number(), z.number()]).readonly()
const count = z.int().min(0)

/**
 * The version of new checkpoints. From 2 on, dropout is drawn for each window; before, it was drawn for each pass.
 * A checkpoint of a newer version cannot be resumed.
 */
const CHECKPOINT_VERSION = 2

/**
 * State needed for resuming in addition to trainer_state.json: sums of losses not yet logged, and confidence intervals
 * of scores.
 */
const loopState = z.object({
  /** CHECKPOINT_VERSION. Missing in checkpoints of spanforge 0.1.0 and of runs that were resumed from them. */
  version: z.literal(CHECKPOINT_VERSION).optional(),
  /** Number of steps that changed the weights. Less than global_step if steps were skipped. */
  steps_taken: z.int().min(0),
  loss_total: z.number(),
  loss_since_log: z.number(),
  last_logged_step: z.int().min(0),
  taken_at_last_log: z.int().min(0),
  loss_since_evaluation: z.number(),
  /** Gradient norm of the last step; null if it was not finite. */
  last_grad_norm: z.number().nullable(),
  last_learning_rate: z.number(),
  last_evaluated_step: z.int().min(0),
  /** Number of steps whose losses are in the sums. Earlier checkpoints have `taken_at_last_evaluation` instead. */
  losses: z.object({ total: count, since_log: count, since_evaluation: count }).optional(),
  taken_at_last_evaluation: count.optional(),
  evaluations_without_improvement: z.int().min(0),
  /** Runtime of the previous sessions. */
  train_runtime: z.number().min(0),
  /** With max_minutes: the planned number of steps, the measurements, and the seconds spent so far. */
  time_budget: z
    .object({
      max_steps: z.int().min(1),
      seconds_per_step: z.number().min(0),
      seconds_per_evaluation: z.number().min(0),
      spent: z.number().min(0),
    })
    .optional(),
  /** With fp16: the state of the loss scaler. */
  loss_scale: z.object({ scale: z.number().min(0), growth_tracker: z.int().min(0) }).optional(),
  /** Number of windows in a batch, if it was not per_device_train_batch_size because the run had several ranks. */
  batch_size: z.int().min(1).optional(),
  /** Confidence intervals of the scores of each evaluation, by step. Missing in checkpoints of spanforge 0.1.0. */
  score_intervals: z.record(z.string(), z.object({ exact_match: interval, f1: interval })).optional(),
  /** Digests of the data and the base model. Missing in checkpoints of spanforge 0.1.0. */
  digests: z.record(z.string(), z.string()).optional(),
})

/** In earlier checkpoints, the sums have the losses of the steps that changed the weights. */
const completeState = loopState.transform(({ taken_at_last_evaluation = 0, losses, ...state }) => {
  const { steps_taken: total, taken_at_last_log } = state
  const counted = { total, since_log: total - taken_at_last_log, since_evaluation: total - taken_at_last_evaluation }
  return { ...state, losses: losses ?? counted }
})

export type LoopState = z.output<typeof completeState>

export const newLoopState = (batch_size?: number): LoopState => ({
  version: CHECKPOINT_VERSION,
  ...(batch_size !== undefined && { batch_size }),
  steps_taken: 0,
  loss_total: 0,
  loss_since_log: 0,
  last_logged_step: 0,
  taken_at_last_log: 0,
  loss_since_evaluation: 0,
  last_grad_norm: null,
  last_learning_rate: 0,
  last_evaluated_step: 0,
  losses: { total: 0, since_log: 0, since_evaluation: 0 },
  evaluations_without_improvement: 0,
  train_runtime: 0,
})

export interface RunState {
  readonly model: QuestionAnsweringModel
  readonly tokenizer?: Tokenizer
  readonly answer_settings?: AnswerSettings
  /** State of the optimizer, by name, and with ema_decay AVERAGED_WEIGHTS. */
  readonly optimizer: Readonly<Record<string, FlatParameters>>
  readonly state: TrainerState
  readonly progress: LoopState
  readonly args: TrainingArguments
}

/**
 * Returns the files of a checkpoint: a model folder that transformers can load, plus everything required for resuming.
 */
export function checkpointWriters(run: RunState): CheckpointWriter[] {
  const text = (name: string, content: string) => ({ name, write: (path: string) => writeFileAtomic(path, content) })
  const optimizer = Object.entries(run.optimizer).flatMap(([name, values]) => tensorsOf(values, `${name}.`))
  return [
    { name: 'model.safetensors', write: (path) => writeWeights(path, tensorsOf(run.model.parameters)) },
    ...Object.entries(folderTexts({ ...run, config: run.model.config })).map(([name, file]) => text(name, file)),
    text(ARGUMENTS_FILE, `${JSON.stringify(run.args, null, 2)}\n`),
    ...(run.args.save_only_model
      ? []
      : [
          { name: OPTIMIZER, write: (path: string) => writeWeights(path, optimizer) },
          text(PROGRESS, `${JSON.stringify(run.progress, null, 2)}\n`),
        ]),
    { name: STATE_FILE, write: (path) => writeTrainerState(path, run.state) },
  ]
}

/** The arguments of a run, stored in its folder and in its checkpoints. */
export const ARGUMENTS_FILE = 'training_args.json'
const OPTIMIZER = 'optimizer.safetensors'
/**
 * Name in the optimizer state of a run with ema_decay: the weights themselves, because the model contains their
 * average.
 */
export const AVERAGED_WEIGHTS = 'weights'
const PROGRESS = 'progress.json'

export const tensorsOf = (parameters: FlatParameters, prefix = ''): NamedTensor[] =>
  parameters.entries.map(({ name, shape }) => ({ name: prefix + name, shape, data: parameters.view(name) }))

/** Loads a checkpoint's weights into the model. */
export async function restoreWeights(folder: string, model: QuestionAnsweringModel): Promise<void> {
  const checkpoint = await openWeights(folder)
  try {
    const view = (name: string) => model.parameters.view(name)
    const { missing } = await loadParameters(checkpoint, model.specs, model.architecture.checkpoint, view)
    if (missing.length > 0) throw new SpanforgeError(`${folder}: missing in the checkpoint: ${missing.join(', ')}`)
  } finally {
    model.parameters.changed()
    await checkpoint.close()
  }
}

/** Loads the weights and the optimizer state, and returns the state of the run. */
export async function restoreRun(
  folder: string,
  model: QuestionAnsweringModel,
  optimizer: RunState['optimizer'],
): Promise<{ state: TrainerState; progress: LoopState }> {
  await restoreWeights(folder, model)
  const stored = await openSafetensors(join(folder, OPTIMIZER)).catch((error: unknown) => {
    throw new SpanforgeError(`${folder}: cannot resume from a checkpoint without ${OPTIMIZER}`, {
      remedy: 'It was saved with save_only_model. Start a new run from it instead: --model.',
      cause: error,
    })
  })
  try {
    rejectOtherAveraging(folder, [...stored.tensors.keys()], AVERAGED_WEIGHTS in optimizer)
    for (const [kind, target] of Object.entries(optimizer))
      for (const { name } of target.entries) {
        const tensor = stored.tensors.get(`${kind}.${name}`)
        if (!tensor) throw new SpanforgeError(`${folder}: ${kind}.${name} is missing in ${OPTIMIZER}`)
        await tensor.readInto(target.view(name))
        rejectNonfinite(
          `${folder}: ${OPTIMIZER}: ${kind}.${name}`,
          target.view(name),
          'Resume from an earlier checkpoint: --resume_from_checkpoint checkpoint-N.',
        )
      }
  } finally {
    await stored.close()
  }
  const state = await readTrainerState(join(folder, STATE_FILE))
  return { state, progress: (await readLoopState(folder))! }
}

function rejectOtherAveraging(folder: string, names: readonly string[], averages: boolean): void {
  const averaged = names.some((name) => name.startsWith(`${AVERAGED_WEIGHTS}.`))
  if (averaged === averages) return
  throw new SpanforgeError(
    `${folder}: the run began ${averaged ? 'with' : 'without'} ema_decay and cannot be resumed ${averages ? 'with' : 'without'} it`,
    {
      remedy: `${averaged ? 'Resume it with the same --ema_decay' : 'Leave out --ema_decay'}, or start a new run from its weights with --model.`,
    },
  )
}

/** Returns undefined for a checkpoint without optimizer state, from which no run can resume. */
export async function readLoopState(folder: string): Promise<LoopState | undefined> {
  const path = join(folder, PROGRESS)
  if (!existsSync(path)) return undefined
  const json = await readJsonFile(path)
  rejectNewer(path, json)
  const { data, error } = completeState.safeParse(json)
  if (data) return data
  throw new SpanforgeError(`${path}: invalid training progress: ${showIssues(error.issues)}`, {
    remedy: 'Resume from another checkpoint.',
  })
}

const newerVersion = z.object({ version: z.int().min(CHECKPOINT_VERSION + 1) })

function rejectNewer(path: string, json: unknown): void {
  const { data } = newerVersion.safeParse(json)
  if (!data) return
  throw new SpanforgeError(
    `${path}: found version ${data.version} of checkpoints, expected ${CHECKPOINT_VERSION} or lower: a newer spanforge wrote it`,
    { remedy: 'Resume with that spanforge, or start a new run from the checkpoint with --model.' },
  )
}
