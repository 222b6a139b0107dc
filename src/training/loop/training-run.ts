import type { AnswerSettings } from '../../checkpoint/answer-settings.ts'
import type { QuestionAnsweringModel } from '../../models/question-answering.ts'
import type { SpanModel } from '../../models/span-model.ts'
import type { Ranks } from '../../ranks/ranks.ts'
import type { Dataset } from '../../squad/dataset.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import type { TrainingArguments } from '../arguments/arguments.ts'
import type { RunDigests } from '../checkpoints/run-digests.ts'
import type { GradientFactory } from './gradient-source.ts'
import type { Plan } from './plan.ts'

/** The inputs of a training run. */
export interface TrainingRun {
  readonly model: QuestionAnsweringModel
  readonly args: TrainingArguments
  readonly train: Dataset
  readonly validation?: Dataset
  /**
   * A trained model with the same token ids, from which the model also learns. If only the teacher distinguishes question
   * and context by token types, it gets those of BERT.
   */
  readonly teacher?: SpanModel
  /** Computes gradients (default: with the model's engine). */
  readonly gradients?: GradientFactory
  /** Saved with every checkpoint, so that each one is a complete model folder. */
  readonly tokenizer?: Tokenizer
  /**
   * Saved with every checkpoint, so that models for unanswerable questions can answer "" from the first checkpoint on.
   */
  readonly answer_settings?: AnswerSettings
  /** Digests of data and base model, if they are already known. Stored with every checkpoint. */
  readonly digests?: RunDigests
  /** A complete checkpoint of this run, to resume from. */
  readonly resume_from?: string
  /** Order of the windows in an epoch, starting at 0 (default: random). */
  readonly order?: (epoch: number) => readonly number[]
  /** The processes that compute the run together. All have the same inputs; the first one writes the checkpoints. */
  readonly ranks?: Ranks
  /**
   * Number of windows in a batch over all ranks (default: per_device_train_batch_size). A resumed run keeps the number
   * that it began with, whatever the number of its ranks.
   */
  readonly batch_size?: number
  /** Called after each step and epoch. Returns true to end the run, like early stopping. */
  readonly shouldStop?: () => boolean
  readonly control?: RunControl
  /** Clock for max_minutes, in milliseconds (default: performance.now). */
  readonly now?: () => number
  /** @deprecated Use `control.signal`. Removed in 0.3. */
  readonly signal?: AbortSignal
  /** @deprecated Use `control.hold`. Removed in 0.3. */
  readonly hold?: RunControl['hold']
}

/** The arguments that determine batches, with the size of a batch over all ranks. */
export const withGlobalBatchSize = ({
  args,
  batch_size,
}: Pick<TrainingRun, 'args' | 'batch_size'>): TrainingArguments =>
  batch_size === undefined ? args : { ...args, per_device_train_batch_size: batch_size }

/** A run whose length is planned and whose inputs are those of the checkpoint that it resumes from. */
export interface PlannedRun extends TrainingRun {
  readonly plan: Plan
  readonly digests: RunDigests
}

export const clockOf = ({ now }: TrainingRun): (() => number) => now ?? (() => performance.now())

/** Controls a run in progress. */
export interface RunControl {
  /** When aborted, the run finishes its step, saves and ends, so that it can be resumed. */
  readonly signal?: AbortSignal
  /** Called after each step. If it returns a promise, the run pauses until it resolves or `signal` is aborted. */
  readonly hold?: () => Promise<void> | undefined
}

/** Resolves when the run is released or the signal is aborted. */
export async function releasedOrAborted(released: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return released
  if (signal.aborted) return
  const over = new AbortController()
  const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve, { signal: over.signal }))
  await Promise.race([released, aborted])
  over.abort()
}
