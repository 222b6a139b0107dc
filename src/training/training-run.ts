import type { AnswerSettings } from '../checkpoint/answer-settings.ts'
import type { QuestionAnsweringModel } from '../models/question-answering.ts'
import type { Dataset } from '../squad/dataset.ts'
import type { BertTokenizer } from '../text/tokenizer.ts'
import type { TrainingArguments } from './arguments.ts'
import type { GradientFactory } from './gradient-source.ts'
import type { RunDigests } from './run-digests.ts'

/** What a training run works on. */
export interface TrainingRun {
  readonly model: QuestionAnsweringModel
  readonly args: TrainingArguments
  readonly train: Dataset
  readonly validation?: Dataset
  /** How gradients are computed: by the model's engine unless given. */
  readonly gradients?: GradientFactory
  /** Saved with every checkpoint, so that each is a whole model folder. */
  readonly tokenizer?: BertTokenizer
  /** Saved with every checkpoint, so that a model made for questions without an answer says "" from the first one on. */
  readonly answer_settings?: AnswerSettings
  /** Of data and base model, where they are known already. Stored with every checkpoint. */
  readonly digests?: RunDigests
  /** A whole checkpoint of this very run, to resume from. */
  readonly resume_from?: string
  /** The order of the windows in an epoch, from 0; random unless given. */
  readonly order?: (epoch: number) => readonly number[]
  /** Asked after each step and each epoch whether the run ends here for good, as early stopping ends it. */
  readonly shouldStop?: () => boolean
  /** Asks the run to finish its step, save, and end, to be resumed. */
  readonly signal?: AbortSignal
  /** Asked after each step whether the run is to wait there: until when, or nothing. `signal` ends the wait too. */
  readonly hold?: () => Promise<void> | undefined
  /** Told how many validation windows are done, during evaluations. */
  readonly onEvaluating?: (done: number) => void
  /** With freeze_layers: told how many training windows the frozen layers have done, before the first step. */
  readonly onFreezing?: (done: number) => void
}
