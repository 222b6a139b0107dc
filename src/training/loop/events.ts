import type { Evaluation } from '../../inference/evaluate.ts'
import type { ScoreIntervals } from '../../squad/metrics/bootstrap.ts'
import type { LogEntry, TrainerState } from '../checkpoints/state.ts'
import type { Plan } from './plan.ts'
import type { StepResult } from './stepper.ts'

/** An event of a training run, for listeners such as the progress bar, log files, callbacks and the dashboard. */
export type TrainingEvent =
  /** `state` is the run's own object and changes during the run. */
  | { readonly type: 'start'; readonly plan: Plan; readonly global_step: number; readonly state: TrainerState }
  /** Emitted after each optimizer step. `global_step` starts at 1. */
  | ({
      readonly type: 'step'
      readonly global_step: number
      readonly epoch: number
      /** Remaining seconds of max_minutes. */
      readonly time_left?: number
    } & StepResult)
  /** Number of windows processed by an evaluation or, before `start`, by the frozen layers (freeze_layers) or the teacher. */
  | {
      readonly type: 'progress'
      readonly of: 'evaluation' | 'freezing' | 'teaching'
      readonly done: number
      readonly total: number
    }
  /** A new entry in the log history. */
  | { readonly type: 'log'; readonly entry: LogEntry }
  | { readonly type: 'evaluate'; readonly entry: LogEntry; readonly evaluation: Evaluation; readonly is_best: boolean }
  | { readonly type: 'save'; readonly folder: string; readonly removed: readonly number[] }
  /** `control.hold` pauses the run after this step. The time until `resumed` is not part of its runtime. */
  | { readonly type: 'paused'; readonly global_step: number }
  | { readonly type: 'resumed'; readonly global_step: number }
  /** `control.signal` was aborted. The run is saved in `folder`. */
  | { readonly type: 'interrupted'; readonly global_step: number; readonly folder: string }
  /** The patience or max_minutes (`is_out_of_time`) is exhausted, or `shouldStop` returned true. */
  | { readonly type: 'stopped early'; readonly global_step: number; readonly is_out_of_time: boolean }
  | { readonly type: 'best loaded'; readonly folder: string; readonly metric: number }
  /** `score_intervals` contains one entry per evaluation, by step. Evaluations of spanforge 0.1.0 have none. */
  | {
      readonly type: 'end'
      readonly metrics: TrainMetrics
      readonly score_intervals: Readonly<Record<string, ScoreIntervals>>
    }

/** The totals of a run, as in TrainOutput of transformers. */
export interface TrainMetrics {
  readonly train_runtime: number
  readonly train_samples_per_second: number
  readonly train_steps_per_second: number
  readonly total_flos: number
  /** Mean over the steps with a finite loss. */
  readonly train_loss: number
  readonly epoch: number
  /** Number of steps skipped because of a loss or gradient that was not finite (on_nonfinite skip), if any. */
  readonly train_skipped_steps?: number
}
