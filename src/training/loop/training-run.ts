import type { AnswerSettings } from '../../checkpoint/answer-settings.ts'
import type { QuestionAnsweringModel } from '../../models/question-answering.ts'
import type { Dataset } from '../../squad/dataset.ts'
import type { BertTokenizer } from '../../text/tokenizer.ts'
import type { TrainingArguments } from '../arguments/arguments.ts'
import type { RunDigests } from '../checkpoints/run-digests.ts'
import type { GradientFactory } from './gradient-source.ts'
import type { RunControl } from './run-control.ts'

/** What a training run works on. */
export interface TrainingRun {
  readonly model: QuestionAnsweringModel
  readonly args: TrainingArguments
  readonly train: Dataset
  readonly validation?: Dataset
  /** How gradients are computed (default: by the model's engine). */
  readonly gradients?: GradientFactory
  /** Saved with every checkpoint, so that each is a whole model folder. */
  readonly tokenizer?: BertTokenizer
  /** Saved with every checkpoint, so that a model made for questions without an answer says "" from the first one on. */
  readonly answer_settings?: AnswerSettings
  /** Of data and base model, where they are known already. Stored with every checkpoint. */
  readonly digests?: RunDigests
  /** A whole checkpoint of this very run, to resume from. */
  readonly resume_from?: string
  /** The order of the windows in an epoch, from 0 (default: random). */
  readonly order?: (epoch: number) => readonly number[]
  /** Asked after each step and each epoch whether the run ends here for good, as early stopping ends it. */
  readonly shouldStop?: () => boolean
  readonly control?: RunControl
  /** The clock that max_minutes is measured by, in milliseconds (default: performance.now). */
  readonly now?: () => number
  /** @deprecated Use `control.signal`. Removed in 0.3. */
  readonly signal?: AbortSignal
  /** @deprecated Use `control.hold`. Removed in 0.3. */
  readonly hold?: RunControl['hold']
}

export const clockOf = ({ now }: TrainingRun): (() => number) => now ?? (() => performance.now())
