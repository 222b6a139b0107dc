import type { EvaluationMetrics } from '../inference/evaluate.ts'
import type { TrainingArguments } from './arguments.ts'
import { checkpointName } from './checkpoint-store.ts'
import { newProgress, type Progress } from './run-checkpoint.ts'
import type { LogEntry, TrainerState } from './state.ts'
import type { StepResult } from './stepper.ts'

/**
 * The bookkeeping of a run: means of losses, the log history, the best evaluation, early stopping. All of it is in
 * `state` and `progress`, which checkpoints keep.
 */
export class Recorder {
  progress: Progress = newProgress()
  private last: StepResult | undefined

  constructor(
    public state: TrainerState,
    private readonly args: TrainingArguments,
  ) {}

  step(result: StepResult, epoch: number, flos: number): void {
    this.last = result
    this.state.global_step++
    this.state.epoch = epoch
    this.state.num_input_tokens_seen += result.tokens
    this.state.total_flos += flos
    if (!result.taken) return
    this.progress.steps_taken++
    this.progress.loss_total += result.loss
    this.progress.loss_since_log += result.loss
    this.progress.loss_since_evaluation += result.loss
  }

  /** The log line of the steps since the one before; none if there were none. */
  log(): LogEntry | undefined {
    const { state, progress, last } = this
    const steps = state.global_step - progress.last_logged_step
    if (steps === 0 || !last) return undefined
    const loss = Number((progress.loss_since_log / steps).toFixed(4))
    progress.loss_since_log = 0
    progress.last_logged_step = state.global_step
    const { grad_norm, learning_rate } = last
    return this.entry(this.args.max_grad_norm > 0 ? { loss, grad_norm, learning_rate } : { loss, learning_rate })
  }

  /** The log line of an evaluation, which may be the best. `train_loss` is the mean since the evaluation before. */
  evaluation(metrics: EvaluationMetrics): { entry: LogEntry; is_best: boolean } {
    const { state, progress } = this
    const steps = state.global_step - progress.last_evaluated_step
    const train_loss = progress.loss_since_evaluation / steps
    progress.loss_since_evaluation = 0
    progress.last_evaluated_step = state.global_step
    const is_best = this.rank(metrics[`eval_${this.args.metric_for_best_model}`])
    return { entry: this.entry(steps > 0 ? { ...metrics, train_loss } : { ...metrics }), is_best }
  }

  entry(values: Readonly<Record<string, number>>): LogEntry {
    const entry = { ...values, epoch: this.state.epoch ?? 0, step: this.state.global_step }
    this.state.log_history.push(entry)
    return entry
  }

  /** Whether early stopping has waited long enough. */
  get outOfPatience(): boolean {
    const { early_stopping_patience } = this.args
    return early_stopping_patience !== null && this.progress.evaluations_without_improvement >= early_stopping_patience
  }

  /** Called when a checkpoint of this step is about to be written. */
  saved(): void {
    const { best_global_step, global_step } = this.state
    if (best_global_step === global_step) this.state.best_model_checkpoint = checkpointName(global_step)
  }

  /** Strictly better is better; a tie keeps the earlier, and NaN is never better. */
  private rank(value: number): boolean {
    const { state, args } = this
    const gain = state.best_metric === null ? Infinity : (value - state.best_metric) * (args.greater_is_better ? 1 : -1)
    if (gain > 0 && gain > args.early_stopping_threshold) this.progress.evaluations_without_improvement = 0
    else this.progress.evaluations_without_improvement++
    if (!(gain > 0) || Number.isNaN(value)) return false
    state.best_metric = value
    state.best_global_step = state.global_step
    return true
  }
}
