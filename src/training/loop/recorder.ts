import type { Evaluation } from '../../inference/evaluate.ts'
import { scoreIntervals } from '../../squad/metrics/bootstrap.ts'
import type { TrainingArguments } from '../arguments/arguments.ts'
import { checkpointName } from '../checkpoints/checkpoint-store.ts'
import type { LoopState } from '../checkpoints/run-checkpoint.ts'
import type { LogEntry, TrainerState } from '../checkpoints/state.ts'
import type { StepResult } from './stepper.ts'

/**
 * Keeps track of a run: mean losses, the log history, the best evaluation and early stopping. Everything is stored in
 * `state` and `progress`, which are part of checkpoints.
 */
export class Recorder {
  constructor(
    readonly state: TrainerState,
    readonly progress: LoopState,
    private readonly args: TrainingArguments,
  ) {}

  step(result: StepResult, epoch: number, flos: number): void {
    const { grad_norm, learning_rate } = result
    this.progress.last_learning_rate = learning_rate
    this.progress.last_grad_norm = Number.isFinite(grad_norm) ? grad_norm : null
    this.state.global_step++
    this.state.epoch = epoch
    this.state.num_input_tokens_seen += result.tokens
    this.state.total_flos += flos
    if (result.taken) this.progress.steps_taken++
    if (Number.isFinite(result.loss)) this.count(result.loss)
  }

  private count(loss: number): void {
    const { progress } = this
    progress.loss_total += loss
    progress.loss_since_log += loss
    progress.loss_since_evaluation += loss
    progress.losses.total++
    progress.losses.since_log++
    progress.losses.since_evaluation++
  }

  /**
   * Creates the log entry for the steps since the previous one; returns undefined if there were none. As in the Trainer,
   * `loss` is the mean over all steps with a finite loss. `skipped_steps` counts the steps that were not taken.
   */
  log(): LogEntry | undefined {
    const { state, progress } = this
    const steps = state.global_step - progress.last_logged_step
    if (steps === 0) return undefined
    const taken = progress.steps_taken - progress.taken_at_last_log
    const { since_log } = progress.losses
    const loss = Number((progress.loss_since_log / since_log).toFixed(4))
    progress.loss_since_log = 0
    progress.losses.since_log = 0
    progress.last_logged_step = state.global_step
    progress.taken_at_last_log = progress.steps_taken
    const { last_grad_norm: grad_norm, last_learning_rate: learning_rate } = progress
    return this.append({
      ...(since_log > 0 && { loss }),
      ...(this.args.max_grad_norm > 0 && grad_norm !== null && { grad_norm }),
      learning_rate,
      ...(taken < steps && { skipped_steps: steps - taken }),
    })
  }

  /**
   * Creates the log entry of an evaluation and checks whether it is the best. `train_loss` is the mean since the
   * previous evaluation.
   */
  evaluation({ metrics, scores }: Pick<Evaluation, 'metrics' | 'scores'>): { entry: LogEntry; is_best: boolean } {
    const { state, progress } = this
    const { since_evaluation } = progress.losses
    const train_loss = progress.loss_since_evaluation / since_evaluation
    progress.loss_since_evaluation = 0
    progress.losses.since_evaluation = 0
    progress.last_evaluated_step = state.global_step
    progress.score_intervals = { ...progress.score_intervals, [state.global_step]: scoreIntervals(scores) }
    const is_best = this.rank(metrics[`eval_${this.args.metric_for_best_model}`])
    return { entry: this.append(since_evaluation > 0 ? { ...metrics, train_loss } : { ...metrics }), is_best }
  }

  /** Appends an entry to the log history. */
  append(values: Readonly<Record<string, number>>): LogEntry {
    const entry = { ...values, epoch: this.state.epoch ?? 0, step: this.state.global_step }
    this.state.log_history.push(entry)
    return entry
  }

  /** Whether early stopping has run out of patience. */
  get outOfPatience(): boolean {
    const { early_stopping_patience } = this.args
    return early_stopping_patience !== null && this.progress.evaluations_without_improvement >= early_stopping_patience
  }

  /** Records the checkpoint about to be written as the best one, if the evaluation of this step was the best. */
  beforeSave(): void {
    const { best_global_step, global_step } = this.state
    if (best_global_step === global_step) this.state.best_model_checkpoint = checkpointName(global_step)
  }

  /** Returns whether the value is strictly better than the best so far. Values that are not finite are never better. */
  private rank(value: number): boolean {
    const { state, args } = this
    const gain = Number.isFinite(value) ? this.gain(value) : Number.NaN
    if (gain > 0 && gain > args.early_stopping_threshold) this.progress.evaluations_without_improvement = 0
    else this.progress.evaluations_without_improvement++
    if (!(gain > 0)) return false
    state.best_metric = value
    state.best_global_step = state.global_step
    return true
  }

  private gain(value: number): number {
    const { best_metric } = this.state
    if (best_metric === null) return Infinity
    return (value - best_metric) * (this.args.greater_is_better ? 1 : -1)
  }
}
