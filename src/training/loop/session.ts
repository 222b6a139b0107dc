import { join } from 'node:path'
import { SpanforgeError } from '../../errors.ts'
import { evaluateDataset } from '../../inference/evaluate.ts'
import { totalSize } from '../../models/flat-parameters.ts'
import { agreeOn, isFirst, onAny } from '../../ranks/ranks.ts'
import { precisionOf } from '../../runtime/engine.ts'
import { decideArguments } from '../arguments/stored-settings.ts'
import { checkpointName, listCheckpoints, rotateCheckpoints, writeCheckpoint } from '../checkpoints/checkpoint-store.ts'
import { checkpointWriters, type LoopState, newLoopState, restoreRun } from '../checkpoints/run-checkpoint.ts'
import { newTrainerState, type TrainerState } from '../checkpoints/state.ts'
import { PassDraws } from '../dropout/pass-draws.ts'
import { epochOrder, epochSteps, type StepBatches } from './batches.ts'
import { restoreBest } from './best-weights.ts'
import type { TrainingEvent, TrainMetrics } from './events.ts'
import { BatchGradient } from './gradients.ts'
import { measureRun } from './measure-run.ts'
import type { Plan } from './plan.ts'
import { oldDropout, rejectDivergedRanks } from './rank-checks.ts'
import { rankedGradients } from './ranked-gradient.ts'
import { Recorder } from './recorder.ts'
import { progressOf } from './reports.ts'
import { Stepper } from './stepper.ts'
import { removeTeacherLogits } from './teacher-logits.ts'
import { fitPlan, resumedPlan } from './time-budget.ts'
import { clockOf, type PlannedRun, type RunControl, releasedOrAborted, withGlobalBatchSize } from './training-run.ts'

type Events = AsyncGenerator<TrainingEvent, void, void>

const BEFORE_TRAINING = 'training: before the first step'

/** The building blocks of the training loop (loop.ts): a step, and the actions after steps and epochs. */
export class TrainingSession {
  private began = performance.now()
  /** The last step after which the model's loss was known to be finite. */
  private checkedStep: number | undefined
  private readonly lengths: readonly number[]
  /** Estimate of transformers: 6 operations per token and weight, excluding embedding tables. */
  private readonly flosPerToken: number

  /** Whether max_minutes leaves no time for another step. */
  private isOutOfTime = false
  private longestEvaluation = 0

  private constructor(
    private readonly run: PlannedRun,
    public plan: Plan,
    private readonly stepper: Stepper,
    private readonly recorder: Recorder,
    /** Start of the time that counts toward max_minutes in this session. */
    private clockStart: number,
  ) {
    this.lengths = run.train.windows.map(({ input_ids }) => input_ids.length)
    const { model } = run
    // Tables are looked up without arithmetic operations.
    this.flosPerToken = 6 * (model.num_parameters() - totalSize(model.specs.filter(({ table }) => table)))
  }

  /** Allocates gradients and moments and, with `resume_from`, restores the state of the run. */
  static async open(run: PlannedRun): Promise<TrainingSession> {
    const { model, args, plan: planned, digests, resume_from } = run
    const clockStart = clockOf(run)()
    // As with autocast in the Trainer, a model is evaluated in the precision in which it is trained.
    await model.computeIn(precisionOf({ bf16: args.bf16 || args.bf16_full_eval, fp16: args.fp16 }))
    const { ranks, gradients } = run
    const stepper = await Stepper.open(
      model,
      args,
      planned.max_steps,
      ranks ? rankedGradients(ranks, gradients ?? BatchGradient.open, args.reduce_dtype) : gradients,
    )
    const { state, progress } = resume_from
      ? await restoreRun(resume_from, model, stepper.state)
      : { state: newTrainerState(args, planned.max_steps, planned.epochs), progress: newLoopState(run.batch_size) }
    // Checkpoints have the average in place of the weights.
    if (resume_from) stepper.exchange()
    stepper.optimizer.taken = progress.steps_taken
    if (stepper.scaler && progress.loss_scale) stepper.scaler.state = progress.loss_scale
    if (progress.version === undefined) {
      if (ranks) throw oldDropout(resume_from!)
      stepper.draws = new PassDraws(args.seed)
    }
    if (resume_from) await stepper.probe(resume_from, run.train.windows, 'Resume from an earlier checkpoint.')
    else stepper.rejectHugeWeights(BEFORE_TRAINING)
    const plan = resume_from ? resumedPlan(planned, args, progress.time_budget?.max_steps) : planned
    stepper.schedule(plan.max_steps)
    const recorder = new Recorder(state, { ...progress, digests }, args)
    const session = new TrainingSession(run, plan, stepper, recorder, clockStart)
    await session.checkTime()
    return session
  }

  /** With `freeze_layers`, computes the output of the frozen layers for all training windows. */
  async *freeze(): Events {
    const { windows } = this.run.train
    yield* progressOf('freezing', windows.length, (onProgress) =>
      this.stepper.freeze(windows, { ranks: this.run.ranks, signal: this.control.signal, onProgress }),
    )
  }

  /** Computes the logits of the teacher for all training windows, unless an earlier session of the run has stored them. */
  async *teach(): Events {
    const { digests, ranks, teacher, train } = this.run
    if (!teacher || this.finished) return
    yield* progressOf('teaching', train.windows.length, (onProgress) =>
      this.stepper.teach(teacher, train.windows, { ranks, signal: this.control.signal, onProgress, digests }),
    )
  }

  /** With max_minutes, measures steps and evaluation, and adapts the plan and the schedule to the time. */
  async fit(): Promise<void> {
    const { args, resume_from, ranks } = this.run
    if (args.max_minutes === null || resume_from) return
    const measured = await agreeOn(ranks, await measureRun(this.run, this.stepper))
    const spent = await agreeOn(ranks, this.spent)
    this.plan = fitPlan(this.plan, args, args.max_minutes * 60 - spent, measured)
    const { max_steps, epochs } = this.plan
    this.stepper.schedule(max_steps)
    Object.assign(this.state, newTrainerState(args, max_steps, epochs))
    this.progress.time_budget = { ...measured, max_steps, spent: 0 }
  }

  /** Logs the result of `fit`. */
  async *logFit(): Events {
    const { max_minutes } = this.run.args
    if (max_minutes === null || this.run.resume_from) return
    yield { type: 'log', entry: this.recorder.append({ max_minutes, max_steps: this.plan.max_steps }) }
  }

  /** Seconds of max_minutes spent so far, including earlier sessions. */
  private get spent(): number {
    return (this.progress.time_budget?.spent ?? 0) + (clockOf(this.run)() - this.clockStart) / 1000
  }

  /** Finds out whether another step would leave no time for the final evaluation. Ranks follow the clock of the first. */
  private async checkTime(): Promise<void> {
    const { time_budget } = this.progress
    const { max_minutes } = this.run.args
    if (max_minutes === null || !time_budget) return
    const { seconds_per_step, seconds_per_evaluation } = time_budget
    const reserved = this.run.validation ? Math.max(seconds_per_evaluation, this.longestEvaluation) : 0
    this.isOutOfTime = await agreeOn(this.run.ranks, this.spent + seconds_per_step + reserved > max_minutes * 60)
  }

  get control(): RunControl {
    return this.run.control ?? this.run
  }

  get state(): TrainerState {
    return this.recorder.state
  }

  private get progress(): LoopState {
    return this.recorder.progress
  }

  private get finished(): boolean {
    return this.state.global_step >= this.plan.max_steps
  }

  private get stopsEarly(): boolean {
    return this.isOutOfTime || this.recorder.outOfPatience || this.run.shouldStop?.() === true
  }

  get continues(): boolean {
    return !this.finished && !this.stopsEarly
  }

  /** Returns the remaining steps of the current epoch. */
  restOfEpoch(): StepBatches[] {
    const args = withGlobalBatchSize(this.run)
    const done = this.state.global_step % this.plan.steps_per_epoch
    const order = this.run.order?.(this.epoch) ?? epochOrder(this.lengths, args, this.epoch)
    return epochSteps(order, args).slice(done)
  }

  /** Epoch of the next step, starting at 0. */
  private get epoch(): number {
    return Math.floor(this.state.global_step / this.plan.steps_per_epoch)
  }

  async step(group: StepBatches): Promise<TrainingEvent> {
    const { train, args } = this.run
    const { global_step } = this.state
    const result = await this.stepper.step(global_step, group, train.windows)
    const groups = (global_step % this.plan.steps_per_epoch) + 1
    const batches = Math.min(groups * args.gradient_accumulation_steps, this.plan.batches_per_epoch)
    const position = this.epoch + batches / this.plan.batches_per_epoch
    this.recorder.step(result, position, this.flosPerToken * result.tokens)
    await this.checkTime()
    const { max_minutes } = args
    const time_left = max_minutes === null ? undefined : Math.max(0, max_minutes * 60 - this.spent)
    return {
      type: 'step',
      global_step: global_step + 1,
      epoch: position,
      ...(time_left !== undefined && { time_left }),
      ...result,
    }
  }

  async *afterStep(): Events {
    const { args } = this.run
    const { global_step, logging_steps, eval_steps, save_steps } = this.state
    const due = (strategy: string, interval: number) => strategy === 'steps' && global_step % interval === 0
    const isTimed = args.max_minutes !== null
    const isLast = this.finished || this.isOutOfTime
    const isFirst = args.logging_first_step && global_step === 1
    if (due(args.logging_strategy, logging_steps) || isFirst) yield* this.log()
    const evaluates = due(args.eval_strategy, eval_steps) || (isLast && isTimed && args.eval_strategy === 'steps')
    if (evaluates && global_step >= args.eval_delay) yield* this.evaluate()
    if (due(args.save_strategy, save_steps) || (args.save_strategy === 'steps' && isLast)) yield* this.save()
  }

  async *afterEpoch(): Events {
    const { args } = this.run
    if (args.logging_strategy === 'epoch') yield* this.log()
    const isDue = args.eval_strategy === 'epoch' && this.state.epoch! >= args.eval_delay
    if (isDue && !this.evaluated) yield* this.evaluate()
    if (args.save_strategy === 'epoch') yield* this.save()
  }

  /**
   * Completes what a session that was killed right after its last checkpoint did not do: removes older checkpoints and,
   * if the checkpoint was written at the last step of an epoch, performs the actions after the epoch. If a run resumes
   * from an earlier step, later checkpoints are kept until it saves.
   */
  async *catchUp(): Events {
    const newest = (await listCheckpoints(this.run.args.output_dir)).at(-1)
    if (newest?.step === this.state.global_step && isFirst(this.run.ranks)) await this.rotate()
    const atEnd = this.finished || this.isOutOfTime || this.state.global_step % this.plan.steps_per_epoch === 0
    if (atEnd && !this.evaluated) yield* this.afterEpoch()
  }

  private get evaluated(): boolean {
    return this.progress.last_evaluated_step === this.state.global_step
  }

  private async *log(): Events {
    const entry = this.recorder.log()
    if (entry) yield { type: 'log', entry }
  }

  /**
   * Ensures that the model's loss is finite before it is evaluated or saved and before the run ends.
   * @throws SpanforgeError that names the step, the largest weight and the likely cause
   */
  private async checkModel(): Promise<void> {
    const { global_step } = this.state
    if (this.checkedStep === global_step) return
    const place = global_step === 0 ? BEFORE_TRAINING : `training: after step ${global_step}`
    await this.stepper.probe(place, this.run.train.windows)
    this.checkedStep = global_step
  }

  /** Does something while the model has the average of the weights, with ema_decay. */
  private async *averaged<Result>(work: AsyncGenerator<TrainingEvent, Result, void>) {
    this.stepper.exchange()
    try {
      return yield* work
    } finally {
      this.stepper.exchange()
    }
  }

  async *evaluate(): Events {
    await this.checkModel()
    const is_best = yield* this.averaged(this.evaluateModel())
    if (is_best && this.run.args.save_strategy === 'best') yield* this.save()
  }

  private async *evaluateModel(): AsyncGenerator<TrainingEvent, boolean, void> {
    const { model, args } = this.run
    const validation = this.run.validation!
    const { per_device_eval_batch_size: batch_size } = args
    const options = { ...decideArguments(args, model.geometry), batch_size, share: this.run.ranks }
    const from = clockOf(this.run)()
    const evaluation = yield* progressOf('evaluation', validation.windows.length, (onProgress) =>
      evaluateDataset(model, validation, { ...options, onProgress }),
    )
    this.longestEvaluation = Math.max(this.longestEvaluation, (clockOf(this.run)() - from) / 1000)
    const { entry, is_best } = this.recorder.evaluation(evaluation)
    yield { type: 'evaluate', entry, evaluation, is_best }
    return is_best
  }

  private async *save(): Events {
    await this.checkModel()
    yield* this.averaged(this.saveModel())
  }

  private async *saveModel(): Events {
    const { model, tokenizer, answer_settings, args, ranks } = this.run
    const { recorder, state, stepper } = this
    if (ranks) await rejectDivergedRanks(ranks, model, state.global_step)
    recorder.beforeSave()
    if (!isFirst(ranks)) return
    const { time_budget } = this.progress
    const spent = time_budget && { time_budget: { ...time_budget, spent: this.spent } }
    const loss_scale = stepper.scaler && { loss_scale: stepper.scaler.state }
    const progress = { ...this.progress, train_runtime: this.runtime(), ...spent, ...loss_scale }
    const contents = { model, tokenizer, answer_settings, optimizer: stepper.state, state, progress, args }
    const folder = await writeCheckpoint(args.output_dir, state.global_step, checkpointWriters(contents))
    yield { type: 'save', folder, removed: await this.rotate() }
  }

  private rotate(): Promise<number[]> {
    const { output_dir, save_total_limit } = this.run.args
    const { best_model_checkpoint, best_global_step, global_step } = this.state
    const best = best_model_checkpoint ? best_global_step : null
    return rotateCheckpoints(output_dir, { save_total_limit, newest: global_step, best })
  }

  /** Pauses the run if requested by its control. */
  async *hold(): Events {
    const { signal, hold } = this.control
    const released = signal?.aborted ? undefined : hold?.()
    if (!released) return
    const since = performance.now()
    const heldFrom = clockOf(this.run)()
    const { global_step } = this.state
    yield { type: 'paused', global_step }
    await releasedOrAborted(released, signal)
    this.began += performance.now() - since
    this.clockStart += clockOf(this.run)() - heldFrom
    yield { type: 'resumed', global_step }
  }

  /** Whether the run was asked to stop, on any of its ranks. */
  async isInterrupted(): Promise<boolean> {
    const aborted = this.control.signal?.aborted === true
    return this.run.ranks ? onAny(this.run.ranks, aborted) : aborted
  }

  /** Saves the run so that it can be resumed. */
  async *interrupt(): Events {
    yield* this.save()
    const { global_step } = this.state
    const folder = join(this.run.args.output_dir, checkpointName(global_step))
    yield { type: 'interrupted', global_step, folder }
  }

  /** Loads the best weights if requested, and reports the totals of the run. */
  async *end(): Events {
    const { args } = this.run
    const { state } = this
    await this.checkModel()
    this.rejectAllSkipped()
    this.stepper.exchange()
    if (!this.finished)
      yield { type: 'stopped early', global_step: state.global_step, is_out_of_time: this.isOutOfTime }
    if (args.load_best_model_at_end && state.best_model_checkpoint) {
      const folder = join(args.output_dir, state.best_model_checkpoint)
      await restoreBest(folder, this.run)
      yield { type: 'best loaded', folder, metric: state.best_metric! }
    }
    await removeTeacherLogits(args.output_dir)
    const metrics = this.metrics()
    yield { type: 'log', entry: this.recorder.append({ ...metrics }) }
    yield { type: 'end', metrics, score_intervals: this.progress.score_intervals ?? {} }
  }

  private rejectAllSkipped(): void {
    const { global_step } = this.state
    if (global_step === 0 || this.progress.steps_taken > 0) return
    const { scaler } = this.stepper
    const remedy =
      scaler && !scaler.isExhausted
        ? `With fp16, the first steps are skipped until the loss scale, now ${scaler.scale}, is small enough. Train for more steps.`
        : `Check the base model and the learning rate (${this.run.args.learning_rate}).`
    throw new SpanforgeError(
      `training: all ${global_step} steps were skipped, because each had a loss or gradient that is not finite`,
      { remedy: `The model is untrained. ${remedy}` },
    )
  }

  private metrics(): TrainMetrics {
    const { plan, state, progress } = this
    const seconds = this.runtime()
    const train_skipped_steps = state.global_step - progress.steps_taken
    return {
      train_runtime: seconds,
      train_samples_per_second: plan.samples / seconds,
      train_steps_per_second: plan.max_steps / seconds,
      total_flos: state.total_flos,
      train_loss: progress.loss_total / Math.max(1, progress.losses.total),
      epoch: state.epoch!,
      ...(train_skipped_steps > 0 && { train_skipped_steps }),
    }
  }

  /** Runtime in seconds, including earlier sessions of the run. */
  private runtime(): number {
    return this.progress.train_runtime + (performance.now() - this.began) / 1000
  }

  async release(): Promise<void> {
    await this.stepper.release()
  }
}
