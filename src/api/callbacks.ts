import type { EvaluationMetrics } from '../inference/evaluate.ts'
import type { QuestionAnsweringModel } from '../models/question-answering.ts'
import type { TrainingArguments } from '../training/arguments/arguments.ts'
import type { LogEntry, TrainerState } from '../training/checkpoints/state.ts'
import type { TrainingEvent } from '../training/loop/events.ts'
import type { Plan } from '../training/loop/plan.ts'
import type { StepResult } from '../training/loop/stepper.ts'

/** What a callback may ask for. */
export interface TrainerControl {
  /** Set it to true and training ends after this step or epoch, with the best weights where those are wanted. */
  should_training_stop: boolean
}

export interface CallbackContext {
  readonly args: TrainingArguments
  /** Steps, epochs, best metric and log_history, as trainer_state.json has them. */
  readonly state: Readonly<TrainerState>
  readonly control: TrainerControl
  readonly model: QuestionAnsweringModel
}

type Hook<More = object> = (context: CallbackContext & Readonly<More>) => void | Promise<void>

/** Functions that a Trainer calls, with the names of transformers' TrainerCallback. Training waits for their promises. */
export interface TrainerCallback {
  on_train_begin?: Hook<{ plan: Plan }>
  /** After each optimizer step. */
  on_step_end?: Hook<{ step: StepResult }>
  /** After the last step of an epoch, before it is evaluated. */
  on_epoch_end?: Hook
  on_log?: Hook<{ logs: LogEntry }>
  /** `train_loss` is the mean over the steps since the evaluation before, where there were any. */
  on_evaluate?: Hook<{ metrics: EvaluationMetrics & { readonly train_loss?: number } }>
  on_save?: Hook<{ folder: string }>
  /** The best weights are loaded by now, where those are wanted. */
  on_train_end?: Hook
}

/** Tells one callback of one event. */
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
