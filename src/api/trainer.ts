import { z } from 'zod'
import { saveAnswerSettings } from '../checkpoint/answer-settings.ts'
import { saveModel } from '../checkpoint/model-folder.ts'
import { saveTokenizer } from '../checkpoint/tokenizer-folder.ts'
import { UsageError } from '../errors.ts'
import type { Lock } from '../files/lock.ts'
import type { Evaluation, EvaluationMetrics } from '../inference/evaluate.ts'
import type { QuestionAnsweringModel } from '../models/question-answering.ts'
import type { SpanModel } from '../models/span-model.ts'
import { evaluateOnScreen } from '../runs/evaluate/evaluate-model.ts'
import { standardErrorScreen } from '../runs/screen/progress.ts'
import { runProgress } from '../runs/screen/progress-listener.ts'
import { noScreen, type Screen } from '../runs/screen/screen.ts'
import { claimOutputFolder, prepareOutputFolder } from '../runs/train/output-folder.ts'
import { checkResumption, chooseCheckpoint } from '../runs/train/resume.ts'
import { runLoop } from '../runs/train/run-loop.ts'
import { enginesOn } from '../runtime/registry.ts'
import type { ExampleAnswers } from '../squad/answers/answers.ts'
import type { WindowLogits } from '../squad/answers/document-logits.ts'
import type { Dataset } from '../squad/dataset.ts'
import { checkAnswered } from '../squad/metrics/metrics.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { checkArguments } from '../training/arguments/argument-checks.ts'
import {
  type TrainingArguments as Parsed,
  parseArguments,
  type TrainingArgumentsInput,
  withTeacher,
} from '../training/arguments/arguments.ts'
import {
  type DecidedArguments,
  decideArguments,
  unansweredWarning,
  unfittedSettings,
} from '../training/arguments/stored-settings.ts'
import { tensorsOf } from '../training/checkpoints/run-checkpoint.ts'
import { digestRun } from '../training/checkpoints/run-digests.ts'
import { newTrainerState, type TrainerState } from '../training/checkpoints/state.ts'
import type { TrainingEvent, TrainMetrics } from '../training/loop/events.ts'
import { type Plan, planRun } from '../training/loop/plan.ts'
import { notify, type TrainerCallback, type TrainerControl } from './callbacks.ts'
import { anObject, checkOptions, type SchemasOf } from './check-options.ts'
import { toStandardError } from './from-pretrained-options.ts'
import { AutoModelForQuestionAnswering, storedSettings } from './model.ts'

export type TrainingArguments = Parsed

/**
 * The arguments of a training run, with the names of transformers. Omitted arguments have the defaults listed in
 * docs/arguments.md. The Trainer checks combinations of arguments before the first step. To use the
 * arguments as the options of `createDataset`, give `max_seq_length` and `doc_stride`, and write
 * `satisfies TrainingArgumentsInput` instead of annotating their type.
 * @throws UsageError that lists all unknown names and invalid values
 */
export const TrainingArguments = class {
  constructor(given: TrainingArgumentsInput = {}) {
    Object.assign(this, parseArguments(given, 'TrainingArguments'))
  }
} as {
  new (given: TrainingArgumentsInput & GivenLengths): TrainingArguments & GivenLengths
  new (given?: TrainingArgumentsInput): TrainingArguments
}

/** Window lengths, which `createDataset` requires. */
type GivenLengths = Pick<DecidedArguments, 'max_seq_length' | 'doc_stride'>

export interface TrainerOptions {
  readonly model: QuestionAnsweringModel
  /** Training arguments (default: those of transformers' TrainingArguments). */
  readonly args?: TrainingArguments
  readonly train_dataset?: Dataset
  readonly eval_dataset?: Dataset
  /** A trained model with the same tokenizer, from which the model also learns (see docs/training.md). */
  readonly teacher?: SpanModel
  /** Tokenizer to save with every checkpoint and in save_model, so that each is a complete model folder. */
  readonly processing_class?: Tokenizer
  readonly callbacks?: readonly TrainerCallback[]
}

const TRAINER_OPTIONS = z
  .strictObject({
    model: anObject<QuestionAnsweringModel>('a model'),
    args: anObject<TrainingArguments>('TrainingArguments'),
    train_dataset: anObject<Dataset>('a dataset'),
    eval_dataset: anObject<Dataset>('a dataset'),
    teacher: anObject<SpanModel>('a model'),
    processing_class: anObject<Tokenizer>('a tokenizer'),
    callbacks: z.array(anObject<TrainerCallback>('a callback')),
  } satisfies SchemasOf<TrainerOptions>)
  .partial({
    ...{ args: true, train_dataset: true, eval_dataset: true },
    ...{ teacher: true, processing_class: true, callbacks: true },
  })

/** Options of `Trainer.train`. */
const TRAIN_OPTIONS = z
  .strictObject({
    resume_from_checkpoint: z.custom<string | boolean>(
      (value) => typeof value === 'string' || typeof value === 'boolean',
      'a path, a name, true or false',
    ),
  })
  .partial()

/** @throws UsageError for a teacher that cannot teach the model */
function rejectTeacher(teacher: SpanModel, model: QuestionAnsweringModel, { windows }: Dataset): void {
  if (teacher === model)
    throw new UsageError(
      'Trainer: teacher is the model that is trained',
      'Load it a second time, so that training does not change the teacher.',
    )
  const { vocab_size } = teacher.geometry
  const highest = windows.reduce((id, { input_ids }) => input_ids.reduce((a, b) => Math.max(a, b), id), 0)
  if (highest >= vocab_size)
    throw new UsageError(
      `Trainer: train_dataset has token ${highest}, but the teacher has ${vocab_size} tokens`,
      'Use a teacher with the tokenizer of the model.',
    )
}

export interface TrainOutput {
  readonly global_step: number
  /** Mean training loss over all steps. */
  readonly training_loss: number
  readonly metrics: TrainMetrics
}

export interface PredictionOutput {
  /** Start and end logits of each window, one of each per token. */
  readonly predictions: readonly WindowLogits[]
  /** Answers to each question, best first. */
  readonly answers: readonly ExampleAnswers[]
  readonly metrics: Readonly<Record<string, number>>
}

/**
 * A counterpart of transformers' Trainer, built on `train` and `evaluate`, which can also be used directly. It shows
 * progress and logs on standard error unless `disable_tqdm` is set.
 */
export class Trainer {
  readonly model: QuestionAnsweringModel
  readonly args: TrainingArguments
  /** State of the last run, including log_history. */
  state: TrainerState
  private readonly control: TrainerControl = { should_training_stop: false }
  /** The arguments with all values resolved that depend on the model. */
  private readonly decided: DecidedArguments

  /** @throws UsageError for an unknown or invalid option */
  constructor(private readonly options: TrainerOptions) {
    checkOptions('Trainer', TRAINER_OPTIONS, options)
    this.model = options.model
    this.args = options.args ?? new TrainingArguments()
    this.decided = decideArguments(options.teacher ? withTeacher(this.args) : this.args, {
      ...options.model.geometry,
      settings: storedSettings(options.model),
      engine: options.model.engine,
    })
    this.state = newTrainerState(this.args, 0, 0)
  }

  /**
   * Fine-tunes the model on train_dataset and saves checkpoints in args.output_dir, which no other run may use at the
   * same time. `resume_from_checkpoint` is the path or name of a checkpoint in output_dir, or true for the newest
   * complete one.
   * @throws UsageError for an unknown option, incompatible arguments, a checkpoint outside output_dir, or an output_dir
   * that contains an earlier run or other files
   * @throws SpanforgeError if the loss becomes NaN or the checkpoint is corrupted
   */
  async train(options: { readonly resume_from_checkpoint?: string | boolean } = {}): Promise<TrainOutput> {
    checkOptions('Trainer.train', TRAIN_OPTIONS, options)
    const { train_dataset, eval_dataset } = this.options
    if (!train_dataset)
      throw new UsageError('Trainer: train_dataset is required for training', 'Pass it to the constructor.')
    const { args, model } = this
    if (args.engine && args.engine !== 'auto' && args.engine !== model.engine.name)
      throw new UsageError(
        `Trainer: engine is ${args.engine}, but the model was loaded on ${model.engine.name}`,
        'Pass the same engine to from_pretrained.',
      )
    if (args.device && args.device !== 'auto' && !enginesOn(args.device).some(({ name }) => name === model.engine.name))
      throw new UsageError(
        `Trainer: device is ${args.device}, but the model was loaded on ${model.engine.name}`,
        'Pass the same device to from_pretrained.',
      )
    if (args.init_layers)
      throw new UsageError('Trainer: init_layers applies when a model is loaded', 'Pass it to from_pretrained instead.')
    const { teacher } = this.options
    if (args.teacher !== null && !teacher)
      throw new UsageError(
        'Trainer: teacher applies on the command line',
        'Load it with from_pretrained, and pass it to the constructor as teacher.',
      )
    if (teacher) rejectTeacher(teacher, model, train_dataset)
    const { max_positions, layers } = model.geometry
    const { resume_from_checkpoint: resume = args.resume_from_checkpoint ?? false } = options
    const decided = { ...this.decided, resume_from_checkpoint: resume === true ? 'latest' : resume || null }
    const plan = planRun(train_dataset.windows.length, args)
    checkArguments(decided, {
      engine: model.engine,
      validationExamples: eval_dataset?.examples.length ?? 0,
      max_positions,
      layers,
      max_steps: plan.max_steps,
      teacher: teacher?.geometry,
    })
    const evaluates = args.eval_strategy !== 'no' || args.eval_on_start
    if (eval_dataset && evaluates && !this.decided.version_2_with_negative) checkAnswered(eval_dataset.examples)
    const claim = await claimOutputFolder(decided)
    try {
      await checkResumption(decided)
      return await this.run(train_dataset, decided, plan, claim)
    } finally {
      claim.release()
    }
  }

  private async run(train_dataset: Dataset, decided: DecidedArguments, plan: Plan, claim: Lock): Promise<TrainOutput> {
    this.control.should_training_stop = false
    const { model } = this
    const warning = unansweredWarning(train_dataset.examples, decided)
    if (warning) toStandardError(warning)
    const answer_settings = unfittedSettings(decided, storedSettings(model))
    // Settings fitted on the previous weights are invalid for the new ones.
    if (model instanceof AutoModelForQuestionAnswering) model.answer_settings = answer_settings
    const datasets = { train: train_dataset, validation: this.options.eval_dataset }
    const { teacher, processing_class: tokenizer } = this.options
    const digests = await digestRun({ model, ...datasets, tokenizer, teacher })
    const { folder: resume_from, notes } = await chooseCheckpoint(decided, digests)
    if (decided.resume_from_checkpoint !== null && !resume_from)
      throw new UsageError(
        `${decided.output_dir}: no complete checkpoint to resume from, because there is no checkpoint yet`,
        'Omit resume_from_checkpoint to start a new run.',
      )
    await prepareOutputFolder(decided)
    for (const note of notes) this.screen.print(note)
    let metrics: TrainMetrics | undefined
    const progress = runProgress(this.screen)
    const listeners = [
      () => claim.assertHeld(),
      (event: TrainingEvent) => {
        if (event.type === 'start') this.state = event.state
        if (event.type === 'end') metrics = event.metrics
      },
      progress.listener,
      ...(this.options.callbacks ?? []).map(
        (callback) => (event: TrainingEvent) => notify(callback, this.context, event),
      ),
    ]
    try {
      await runLoop(
        {
          model,
          args: decided,
          ...datasets,
          plan,
          digests,
          tokenizer,
          teacher,
          answer_settings,
          resume_from,
          shouldStop: () => this.control.should_training_stop,
        },
        listeners,
      )
    } finally {
      progress.stop()
    }
    return { global_step: this.state.global_step, training_loss: metrics!.train_loss, metrics: metrics! }
  }

  /**
   * Computes loss, EM and F1 over a dataset (default: eval_dataset) and adds them to log_history. The loss covers real
   * tokens only; with args.padding max_length, it includes padding, as in transformers.
   */
  async evaluate(dataset: Dataset | undefined = this.options.eval_dataset): Promise<EvaluationMetrics> {
    if (!dataset)
      throw new UsageError(
        'Trainer: a dataset is required for evaluation',
        'Pass eval_dataset, or a dataset to evaluate().',
      )
    const { metrics } = await this.evaluation(dataset, 'Evaluating')
    this.state.log_history.push({ ...metrics, epoch: this.state.epoch ?? 0, step: this.state.global_step })
    for (const callback of this.options.callbacks ?? []) await callback.on_evaluate?.({ ...this.context, metrics })
    return metrics
  }

  /** Returns the logits of every window, the answers to every question, and the metrics with the prefix test_. */
  async predict(dataset: Dataset): Promise<PredictionOutput> {
    const { metrics, answers, logits } = await this.evaluation(dataset, 'Predicting')
    const renamed = Object.entries(metrics).map(([name, value]) => [name.replace(/^eval_/, 'test_'), value])
    return { predictions: logits, answers, metrics: Object.fromEntries(renamed) }
  }

  /**
   * Writes model, tokenizer and answer settings into a folder (default: args.output_dir) that from_pretrained can load.
   */
  async save_model(folder: string = this.args.output_dir): Promise<void> {
    await saveModel(folder, this.model.config, tensorsOf(this.model.parameters))
    if (this.options.processing_class) await saveTokenizer(this.options.processing_class, folder)
    const settings = storedSettings(this.model)
    if (settings) await saveAnswerSettings(folder, settings)
  }

  private evaluation(dataset: Dataset, label: string): Promise<Evaluation> {
    const options = { ...this.decided, batch_size: this.args.per_device_eval_batch_size }
    return evaluateOnScreen(this.screen, label, this.model, dataset, options)
  }

  /** Shows progress and logs on standard error unless args.disable_tqdm is set. */
  private get screen(): Screen {
    return this.args.disable_tqdm ? noScreen : standardErrorScreen
  }

  private get context() {
    const { args, state, control, model } = this
    return { args, state, control, model }
  }
}
