import { z } from 'zod'
import { parseBoundedJson } from '../../bounded-json.ts'
import { SpanforgeError } from '../../errors.ts'
import { writeFileAtomic } from '../../files/atomic.ts'
import { readTextFile } from '../../files/text-file.ts'
import { showIssues } from '../../show-value.ts'
import { intervalSteps, type TrainingArguments } from '../arguments/arguments.ts'

/** One entry of `log_history`: a training log, an evaluation, or the totals of the run. Unknown keys are kept. */
export interface LogEntry {
  readonly epoch: number
  readonly step: number
  /** Mean since the previous entry. */
  readonly loss?: number
  readonly grad_norm?: number
  readonly learning_rate?: number
  readonly eval_loss?: number
  readonly eval_exact_match?: number
  readonly eval_f1?: number
  readonly eval_runtime?: number
  readonly eval_samples_per_second?: number
  readonly [key: string]: number | undefined
}

const logEntry: z.ZodType<LogEntry> = z.object({ step: z.int().min(0), epoch: z.number() }).catchall(z.number())

const trainerState = z.strictObject({
  /** Completed epochs, including fractions. */
  epoch: z.number().nullable(),
  /** Completed optimizer steps. */
  global_step: z.int().min(0),
  max_steps: z.int().min(0),
  logging_steps: z.int().min(1),
  eval_steps: z.int().min(1),
  save_steps: z.int().min(1),
  train_batch_size: z.int().min(1),
  num_train_epochs: z.int().min(0),
  /** Counts only real tokens, because padding is not computed. */
  num_input_tokens_seen: z.int().min(0),
  total_flos: z.number().min(0),
  log_history: z.array(logEntry),
  best_metric: z.number().nullable(),
  best_global_step: z.int().min(0).nullable(),
  /** Folder name within output_dir, such as checkpoint-12. */
  best_model_checkpoint: z.string().nullable(),
  is_local_process_zero: z.literal(true),
  is_world_process_zero: z.literal(true),
  is_hyper_param_search: z.boolean(),
  trial_name: z.string().nullable(),
  trial_params: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).nullable(),
  /** Arguments and state of transformers' callbacks, such as the patience of early stopping, by name. */
  stateful_callbacks: z.record(
    z.string(),
    z.object({ args: z.record(z.string(), z.unknown()), attributes: z.record(z.string(), z.unknown()) }),
  ),
})

/** File name of a TrainerState, in checkpoints and in run folders. */
export const STATE_FILE = 'trainer_state.json'

/** The contents of trainer_state.json, with the fields of TrainerState in transformers, which can load the file. */
export type TrainerState = z.output<typeof trainerState>

/** Creates the state before the first step of a run. */
export function newTrainerState(args: TrainingArguments, max_steps: number, num_train_epochs: number): TrainerState {
  return {
    epoch: 0,
    global_step: 0,
    max_steps,
    logging_steps: intervalSteps(args.logging_steps, max_steps),
    eval_steps: intervalSteps(args.eval_steps, max_steps),
    save_steps: intervalSteps(args.save_steps, max_steps),
    train_batch_size: args.per_device_train_batch_size,
    num_train_epochs,
    num_input_tokens_seen: 0,
    total_flos: 0,
    log_history: [],
    best_metric: null,
    best_global_step: null,
    best_model_checkpoint: null,
    is_local_process_zero: true,
    is_world_process_zero: true,
    is_hyper_param_search: false,
    trial_name: null,
    trial_params: null,
    stateful_callbacks: {},
  }
}

/** Writes trainer_state.json with keys sorted and indented as in transformers. */
export async function writeTrainerState(path: string, state: TrainerState): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(state, sortKeys, 2)}\n`)
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** @throws SpanforgeError if the file is not a valid trainer_state.json */
export async function readTrainerState(path: string): Promise<TrainerState> {
  try {
    return trainerState.parse(parseBoundedJson(await readTextFile(path)))
  } catch (error) {
    const reason = error instanceof z.ZodError ? showIssues(error.issues) : (error as Error).message
    throw new SpanforgeError(`${path}: not a trainer_state.json: ${reason}`, {
      remedy: 'Resume from another checkpoint.',
      cause: error,
    })
  }
}
