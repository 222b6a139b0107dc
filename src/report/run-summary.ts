import type { ScoreIntervals } from '../squad/metrics/score-intervals.ts'
import type { LogEntry } from '../training/checkpoints/state.ts'
import type { TrainMetrics } from '../training/loop/events.ts'
import type { ParameterRow } from './architecture.ts'

/** All that is known of a run before its first step. */
export interface RunSetup {
  readonly model: ModelFacts
  readonly data: DataFacts
  /** Where it is computed, for people: 'CPU, 2 threads'. */
  readonly device: string
  /** Optimizer steps of the whole run. */
  readonly total_steps: number
  /** Arguments under their own names (`learning_rate`, `num_train_epochs`, ...), as used. */
  readonly arguments: Readonly<Record<string, string | number | boolean | null>>
}

/** A finished run: what it began with and what came of it. Everything the report says is derived from this value. */
export interface RunSummary extends RunSetup {
  /** As in the Trainer's trainer_state.json, in order. */
  readonly log_history: readonly LogEntry[]
  readonly train_metrics: Omit<TrainMetrics, 'total_flos' | 'epoch'>
  /** Of the model that is saved: the best checkpoint if it was loaded, else the last step's. None: never evaluated. */
  readonly eval_metrics?: EvalMetrics
  /** Of the scores in `eval_metrics`. */
  readonly eval_intervals?: ScoreIntervals
  /** Of the scores of the evaluations in `log_history`, by their steps, as far as they are known. */
  readonly score_intervals?: Readonly<Record<string, ScoreIntervals>>
  /** Some answers of the saved model. */
  readonly examples?: readonly ExampleAnswer[]
  readonly origin?: RunOrigin
  readonly best?: BestCheckpoint
  readonly saved_files: readonly SavedFile[]
  /** Mean number of positions that the softmax of a validation window runs over: its real tokens, or max_length. */
  readonly mean_positions?: number
}

/** When, how and with what a run was made. */
export interface RunOrigin {
  /** When the run ended, in ISO 8601. */
  readonly ended: string
  /** The command line, fit to be published. */
  readonly command?: string
  /** Versions. */
  readonly spanforge: string
  readonly node: string
}

/** A validation question and how the model answered it. "" is "no answer". */
export interface ExampleAnswer {
  readonly question: string
  readonly answer: string
  readonly correct: readonly string[]
  /** Each in [0, 1]. */
  readonly exact_match: number
  readonly f1: number
}

export interface ModelFacts {
  /** 'bert-base-uncased', or the folder's name. */
  readonly name: string
  /** As in config.json: 'BertForQuestionAnswering'. */
  readonly architecture: string
  readonly num_hidden_layers: number
  readonly hidden_size: number
  readonly num_attention_heads: number
  readonly intermediate_size: number
  readonly hidden_act: string
  readonly vocab_size: number
  readonly max_position_embeddings: number
  /** From `parameterTable`; its counts add up to the model's parameters. */
  readonly parameters: readonly ParameterRow[]
  /** Keys of the question-answering head. */
  readonly head: readonly string[]
  /** Keys that the checkpoint lacks and that were drawn at random: the head, for a pretrained encoder. */
  readonly missing: readonly string[]
  /** Keys of the checkpoint that the model has no use for. */
  readonly unexpected: readonly string[]
}

export interface DataFacts {
  readonly train: SplitFacts
  readonly validation?: SplitFacts
}

/** `tokens` are the windows' real tokens, special ones included, padding not. */
export interface SplitFacts {
  readonly questions: number
  readonly windows: number
  readonly tokens: number
}

/** Loss: mean of the start and end cross-entropies, averaged over windows. Exact match and F1: 0 to 100. */
export interface EvalMetrics {
  readonly eval_loss: number
  readonly eval_exact_match?: number
  readonly eval_f1?: number
  readonly eval_runtime: number
  readonly eval_samples_per_second: number
}

export interface BestCheckpoint {
  /** Key of the metric in `log_history`: 'eval_loss', 'eval_exact_match', 'eval_f1'. */
  readonly metric: string
  readonly value: number
  readonly step: number
  /** Folder of the checkpoint, if it was saved. */
  readonly checkpoint?: string
  /** Whether its weights are the ones that the run ended with and saved. */
  readonly loaded: boolean
}

export interface SavedFile {
  readonly name: string
  readonly bytes: number
}
