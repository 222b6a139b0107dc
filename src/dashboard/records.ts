import type { SplitFacts } from '../report/summary/run.ts'
import type { LogEntry } from '../training/checkpoints/state.ts'

/**
 * An event of a run, as sent to the dashboard's page and appended to its journal (dashboard.jsonl). Records are ordered
 * and immutable; `run-view.ts` combines them into a view. Times (`at`) are milliseconds since 1970.
 */
export type RunRecord =
  | SetupRecord
  | StartRecord
  | StepsRecord
  | { readonly type: 'log'; readonly entry: LogEntry }
  | {
      readonly type: 'evaluate'
      readonly entry: LogEntry
      readonly is_best: boolean
      readonly predictions: readonly Prediction[]
    }
  | { readonly type: 'note'; readonly at: number; readonly text: string }
  | { readonly type: 'status'; readonly at: number; readonly status: RunStatus; readonly message?: string }

/**
 * In `pausing` and `stopping`, the run still finishes its step. `interrupted` means stopped and saved. In `finishing`,
 * the run writes its model and report.
 */
export type RunStatus =
  | 'preparing'
  | 'running'
  | 'pausing'
  | 'paused'
  | 'stopping'
  | 'interrupted'
  | 'finishing'
  | 'finished'
  | 'failed'

/** The setup of a run. Each session of a resumed run has its own. */
export interface SetupRecord {
  readonly type: 'setup'
  readonly at: number
  readonly arguments: ArgumentValues
  /** The device, such as 'CPU, 2 threads'. */
  readonly device?: string
  readonly model?: {
    readonly name: string
    readonly parameters: number
    readonly layers: number
    readonly hidden: number
  }
  readonly data?: { readonly train: SplitFacts; readonly validation?: SplitFacts }
  readonly questions: readonly WatchedQuestion[]
}

export type ArgumentValues = Readonly<Record<string, unknown>>

/** A validation question whose predicted answer is recorded at every evaluation. */
export interface WatchedQuestion {
  readonly id: string
  readonly question: string
  readonly context: string
  /** Correct answers with UTF-16 offsets; empty if the question is unanswerable. */
  readonly answers: readonly { readonly text: string; readonly answer_start: number }[]
}

/** A predicted answer, `context.slice(start, end)`. Scores are in [0, 1]. */
export interface Prediction {
  readonly id: string
  readonly start: number
  readonly end: number
  /** Probability assigned by the model. */
  readonly score: number
  readonly exact_match: number
  readonly f1: number
}

/** The start of training, at `step + 1` in a resumed run. Records of later steps become invalid. */
export interface StartRecord {
  readonly type: 'start'
  readonly at: number
  readonly step: number
  readonly max_steps: number
  readonly steps_per_epoch: number
  readonly log_history: readonly LogEntry[]
  readonly best_step: number | null
}

/**
 * Points of the curves in columns. A point covers one step, or several in long runs: `loss` is the mean, learning rates
 * and norms are those of the last step, and `samples`, `tokens` (without padding) and `seconds` (without evaluations
 * and saves) are sums. `memory` is the memory of the process in bytes. Null means not finite.
 */
export interface StepColumns {
  readonly step: number[]
  readonly epoch: number[]
  readonly loss: (number | null)[]
  readonly grad_norm: (number | null)[]
  readonly learning_rate: number[]
  readonly samples: number[]
  readonly tokens: number[]
  readonly seconds: number[]
  readonly memory: number[]
}

export interface StepsRecord extends StepColumns {
  readonly type: 'steps'
}

export const noSteps = (): StepColumns => ({
  step: [],
  epoch: [],
  loss: [],
  grad_norm: [],
  learning_rate: [],
  samples: [],
  tokens: [],
  seconds: [],
  memory: [],
})

/** The current state of a run, sent to open pages about once a second and not stored. */
export interface Pulse {
  readonly at: number
  readonly step: number
  /** Memory of the process in bytes. */
  readonly memory: number
  readonly peak_memory: number
  /** Current activity other than steps, such as tokenizing or evaluating. */
  readonly activity?: { readonly label: string; readonly unit: string; readonly done: number; readonly total: number }
}
