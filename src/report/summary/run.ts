import type { ScoreIntervals } from '../../squad/metrics/bootstrap.ts'
import type { LogEntry } from '../../training/checkpoints/state.ts'
import type { TrainMetrics } from '../../training/loop/events.ts'
import type { ParameterRow } from './architecture.ts'

/** The facts about a run that are known before its first step. */
export interface RunSetup {
  readonly model: ModelFacts
  readonly data: DataFacts
  /** Description of the device, such as 'CPU, 2 threads'. */
  readonly device: string
  /** The graphics card that the run computes on, if it does. */
  readonly gpu?: { readonly name: string; readonly memory_bytes?: number }
  /** Total number of optimizer steps. */
  readonly total_steps: number
  /** Training arguments by name (`learning_rate`, `num_train_epochs`, ...), with the values used. */
  readonly arguments: Readonly<Record<string, string | number | boolean | null>>
}

/** A finished run, with its setup and results. The whole report is derived from this value. */
export interface RunSummary extends RunSetup {
  /** Log entries in order, in the format of the Trainer's trainer_state.json. */
  readonly log_history: readonly LogEntry[]
  readonly train_metrics: Omit<TrainMetrics, 'total_flos' | 'epoch'>
  /** Metrics of the saved model, which is the best checkpoint if it was loaded, or else the last one. */
  readonly eval_metrics?: EvalMetrics
  /** Confidence intervals of the scores in `eval_metrics`. */
  readonly eval_intervals?: ScoreIntervals
  /** Confidence intervals of the evaluations in `log_history` by step, for those that are known. */
  readonly score_intervals?: Readonly<Record<string, ScoreIntervals>>
  /** Example answers of the saved model. */
  readonly examples?: readonly ExampleAnswer[]
  readonly origin?: RunOrigin
  readonly best?: BestCheckpoint
  readonly saved_files: readonly SavedFile[]
  /** Mean number of positions in the softmax of a validation window: its real tokens, or max_length with padding. */
  readonly mean_positions?: number
}

/** Date, command and software versions of a run. */
export interface RunOrigin {
  /** End of the run in ISO 8601 format. */
  readonly ended: string
  /** The command line, without secrets and private paths. */
  readonly command?: string
  /** Version of spanforge. */
  readonly spanforge: string
  /** Version of Node.js. */
  readonly node: string
}

/** A validation question with the model's answer. "" means "no answer". */
export interface ExampleAnswer {
  readonly question: string
  readonly answer: string
  readonly correct: readonly string[]
  /** Exact match, 0 or 1. */
  readonly exact_match: number
  readonly f1: number
}

export interface ModelFacts {
  /** Name of the model on the hub, such as 'bert-base-uncased', or of its folder. */
  readonly name: string
  /** Class name as in config.json, such as 'BertForQuestionAnswering'. */
  readonly architecture: string
  readonly num_hidden_layers: number
  readonly hidden_size: number
  readonly num_attention_heads: number
  readonly intermediate_size: number
  readonly hidden_act: string
  readonly vocab_size: number
  readonly max_position_embeddings: number
  /** Rows of `parameterTable`, whose counts add up to the number of parameters of the model. */
  readonly parameters: readonly ParameterRow[]
  /** Parameter names of the question-answering head. */
  readonly head: readonly string[]
  /** Parameters missing from the checkpoint, which were initialized at random. For a pretrained encoder, the head. */
  readonly missing: readonly string[]
  /** Unexpected tensors in the checkpoint, which were ignored. */
  readonly unexpected: readonly string[]
}

export interface DataFacts {
  readonly train: SplitFacts
  readonly validation?: SplitFacts
}

/** Size of a split. `tokens` counts the real tokens of all windows, including special tokens but not padding. */
export interface SplitFacts {
  readonly questions: number
  readonly windows: number
  readonly tokens: number
}

/** Metrics of an evaluation. The loss is the mean of the start and end cross-entropies; scores are percentages. */
export interface EvalMetrics {
  readonly eval_loss: number
  readonly eval_exact_match?: number
  readonly eval_f1?: number
  readonly eval_runtime: number
  readonly eval_samples_per_second: number
}

export interface BestCheckpoint {
  /** Key of the metric in `log_history`: 'eval_loss', 'eval_exact_match' or 'eval_f1'. */
  readonly metric: string
  readonly value: number
  readonly step: number
  /** Folder of the checkpoint, if it was saved. */
  readonly checkpoint?: string
  /** Whether its weights were loaded at the end and saved as the final model. */
  readonly loaded: boolean
}

export interface SavedFile {
  readonly name: string
  readonly bytes: number
}
