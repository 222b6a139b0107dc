import type { SplitFacts } from '../report/run-summary.ts'
import type { LogEntry } from '../training/checkpoints/state.ts'

/**
 * What happens in a run, as the dashboard's page and its journal (dashboard.jsonl) are told it: one JSON object each,
 * in order, never changed afterwards. `run-view.ts` puts them together again. Times (`at`) are milliseconds since 1970.
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
 * `pausing` and `stopping` are asked for and happen after the step; `interrupted` is stopped with everything saved;
 * `finishing` writes model and report.
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

/** What a run works on. A resumed run has a second one. */
export interface SetupRecord {
  readonly type: 'setup'
  readonly at: number
  readonly arguments: ArgumentValues
  /** Where it is computed: 'CPU, 2 threads'. */
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

/** A validation question whose predicted answer is kept of every evaluation. */
export interface WatchedQuestion {
  readonly id: string
  readonly question: string
  readonly context: string
  /** None: the context has no answer. UTF-16. */
  readonly answers: readonly { readonly text: string; readonly answer_start: number }[]
}

/** `context.slice(start, end)` is the predicted answer; scores lie in [0, 1]. */
export interface Prediction {
  readonly id: string
  readonly start: number
  readonly end: number
  /** The probability that the model gives it. */
  readonly score: number
  readonly exact_match: number
  readonly f1: number
}

/** The first step is about to be taken; of a resumed run step `step + 1`: what was recorded after `step` is void. */
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
 * Points of the curves, a column each. A point covers one step, in long runs several: `loss` is their mean, rates and
 * norms are those of the last, `samples`, `tokens` (real ones) and `seconds` their sums; evaluations and saves take no
 * part in `seconds`. `memory` is that of the whole process, in bytes. Null: not a finite number.
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

/** How things stand at this instant; told to whoever looks about once a second, and kept nowhere. */
export interface Pulse {
  readonly at: number
  readonly step: number
  /** Bytes, of the whole process. */
  readonly memory: number
  readonly peak_memory: number
  /** What is going on besides steps: tokenizing, evaluating. */
  readonly activity?: { readonly label: string; readonly unit: string; readonly done: number; readonly total: number }
}
