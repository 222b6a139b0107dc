import type { EvaluationMetrics } from '../inference/evaluate.ts'
import type { QuestionAnsweringModel } from '../models/question-answering.ts'
import type { TrainingArguments } from '../training/arguments/arguments.ts'
import type { LogEntry, TrainerState } from '../training/checkpoints/state.ts'
import type { TrainingEvent } from '../training/loop/events.ts'
import type { Plan } from '../training/loop/plan.ts'
import type { StepResult } from '../training/loop/stepper.ts'

/** Lets a callback control the training. */
export interface TrainerControl {
  /** Set to true to stop training after this step or epoch. load_best_model_at_end still applies. */
  should_training_stop: boolean
}

export interface CallbackContext {
  readonly args: TrainingArguments
  /** Steps, epochs, best metric and log_history, in the format of trainer_state.json. */
  readonly state: Readonly<TrainerState>
  readonly control: TrainerControl
  readonly model: QuestionAnsweringModel
}

type Hook<More = object> = (context: CallbackContext & Readonly<More>) => void | Promise<void>

/** Functions called by a Trainer, named as in transformers' TrainerCallback. Training waits for their promises. */
export interface TrainerCallback {
  on_train_begin?: Hook<{ plan: Plan }>
  /** Called after each optimizer step. */
  on_step_end?: Hook<{ step: StepResult }>
  /** Called after the last step of an epoch, before its evaluation. */
  on_epoch_end?: Hook
  on_log?: Hook<{ logs: LogEntry }>
  /** Called after an evaluation. `train_loss` is the mean over the steps since the previous evaluation, if any. */
  on_evaluate?: Hook<{ metrics: EvaluationMetrics & { readonly train_loss?: number } }>
  on_save?: Hook<{ folder: string }>
  /** Called at the end, after the best weights have been loaded if load_best_model_at_end is set. */
  on_train_end?: Hook
}

/** Calls the hook of a callback that corresponds to an event. */
export async function notify(callback: TrainerCallback, context: CallbackContext, event: TrainingEvent): Promise<void> {
  switch (event.type) {
    case 'start':
      return callback.on_train_begin?.({ ...context, plan: event.plan })
    case 'step':
      await callback.on_step_end?.({ ...context, step: event })
      if (Number.isInteger(event.epoch)) await callback.on_epoch_end?.(context)
      return
    case 'log':
      return callback.on_log?.({ ...context, logs: event.entry })
    case 'evaluate':
      return callback.on_evaluate?.({
        ...context,
        metrics: { ...event.evaluation.metrics, train_loss: event.entry.train_loss },
      })
    case 'save':
      return callback.on_save?.({ ...context, folder: event.folder })
    case 'end':
      return callback.on_train_end?.(context)
  }
}
