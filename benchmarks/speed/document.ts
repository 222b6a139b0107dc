/** The output formats of the benchmarks. Fields that bench_torch.py also writes have the same names and units. */

export interface Rates {
  readonly samples_per_second: number
  readonly real_tokens_per_second: number
  readonly gflop_per_second: number
}

export interface StepRecord {
  /** Indices of the windows. */
  readonly windows: readonly number[]
  readonly real_tokens: number
  readonly seconds: number
  readonly gflop: number
  readonly loss: number
}

export interface TrainingRates extends Rates {
  readonly seconds_per_step: number
  readonly peak_resident_bytes: number
  readonly steps: readonly StepRecord[]
}

/** A model in one mode. */
export interface Result {
  readonly model: string
  readonly mode: string
  readonly parameters: number
  readonly data_windows: number
  readonly data_tokens: number
  readonly training: TrainingRates
  readonly evaluation: Rates
}

/** A result of spanforge, with the token limit under which it was measured. */
export interface OwnResult extends Result {
  readonly max_tokens_per_pass: number
  /** Missing in documents from before there was a second engine, which are for ONNX Runtime in float32. */
  readonly engine?: string
  readonly bf16?: boolean
  readonly gradient_checkpointing?: boolean
}

export interface SpeedDocument {
  readonly cpu: string
  readonly cores: number
  readonly node: string
  readonly onnxruntime: string
  readonly train_file: string
  /** Rate of the fastest large matrix product with the same engine. */
  readonly peak_gflop_per_second: number
  readonly results: readonly OwnResult[]
}

export interface TorchDocument {
  readonly cpu: string
  readonly cores: number
  readonly train_file: string
  readonly results: readonly Result[]
}

/** A run of the training loop by scaling.ts. */
export interface ScalingPoint {
  readonly model: string
  /** Fraction of the file's questions in percent. */
  readonly share: number
  readonly batch_size: number
  readonly max_tokens_per_pass: number
  readonly data_windows: number
  readonly data_tokens: number
  /** Real tokens of the timed steps, and their duration. */
  readonly tokens: number
  readonly seconds: number
  readonly peak_resident_bytes: number
  /** Memory after the evaluation of each epoch, if there were any. */
  readonly resident_bytes_by_epoch: readonly number[]
}

export interface ScalingDocument {
  readonly cpu: string
  readonly cores: number
  readonly node: string
  readonly onnxruntime: string
  readonly train_file: string
  readonly folder: string
  /** Fractions of the dataset, in increasing order. */
  readonly shares: readonly ScalingPoint[]
  readonly batches: readonly ScalingPoint[]
  readonly epochs: readonly ScalingPoint[]
  /** BERT-base with different limits of tokens per pass. */
  readonly passes: readonly ScalingPoint[]
}
