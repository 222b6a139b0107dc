import type { Evaluation } from '../../inference/evaluate.ts'
import type { ScoreIntervals } from '../../squad/metrics/score-intervals.ts'
import type { LogEntry, TrainerState } from '../checkpoints/state.ts'
import type { Plan } from './plan.ts'
import type { StepResult } from './stepper.ts'

/** What happens during a training run, for its listeners: progress bar, log files, callbacks, dashboard. */
export type TrainingEvent =
  /** `state` is the run's own object: it changes during the run. */
  | { readonly type: 'start'; readonly plan: Plan; readonly global_step: number; readonly state: TrainerState }
  /** After each optimizer step; `global_step` counts from 1. */
  | ({
      readonly type: 'step'
      readonly global_step: number
      readonly epoch: number
      /** Seconds that remain of max_minutes. */
      readonly time_left?: number
    } & StepResult)
  /** How many windows an evaluation has done; or, before `start`, the frozen layers (freeze_layers). */
  | {
      readonly type: 'progress'
      readonly of: 'evaluation' | 'freezing'
      readonly done: number
      readonly total: number
    }
  /** A line of the log history. */
  | { readonly type: 'log'; readonly entry: LogEntry }
  | { readonly type: 'evaluate'; readonly entry: LogEntry; readonly evaluation: Evaluation; readonly is_best: boolean }
  | { readonly type: 'save'; readonly folder: string; readonly removed: readonly number[] }
  /** `control.hold` pauses the run after this step; the time until `resumed` does not count as its runtime. */
  | { readonly type: 'paused'; readonly global_step: number }
  | { readonly type: 'resumed'; readonly global_step: number }
  /** `control.signal` was aborted; the run is saved in `folder`. */
  | { readonly type: 'interrupted'; readonly global_step: number; readonly folder: string }
  /** Patience or max_minutes is used up (`is_out_of_time`), or `shouldStop` returned true. */
  | { readonly type: 'stopped early'; readonly global_step: number; readonly is_out_of_time: boolean }
  | { readonly type: 'best loaded'; readonly folder: string; readonly metric: number }
  /** `score_intervals` are those of every evaluation, by its step; evaluations by spanforge 0.1.0 have none. */
  | {
      readonly type: 'end'
      readonly metrics: TrainMetrics
      readonly score_intervals: Readonly<Record<string, ScoreIntervals>>
    }

/** The figures of a whole run, as transformers' TrainOutput has them. */
export interface TrainMetrics {
  readonly train_runtime: number
  readonly train_samples_per_second: number
  readonly train_steps_per_second: number
  readonly total_flos: number
  /** Mean over the steps that were taken. */
  readonly train_loss: number
  readonly epoch: number
  /** Steps left out for a loss or gradient that was not finite (on_nonfinite skip), where there were any. */
  readonly train_skipped_steps?: number
}
