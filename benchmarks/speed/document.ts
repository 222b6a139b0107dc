/** What a run of a benchmark leaves behind. Fields that bench_torch.py writes too have its names and units. */

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

/** One model in one mode. */
export interface Result {
  readonly model: string
  readonly mode: string
  readonly parameters: number
  readonly data_windows: number
  readonly data_tokens: number
  readonly training: TrainingRates
  readonly evaluation: Rates
}

/** A result of ours says under which limit of memory it was measured. */
export interface OwnResult extends Result {
  readonly max_tokens_per_pass: number
  /** Absent in documents of before there was a second engine: ONNX Runtime, in float32. */
  readonly engine?: string
  readonly bf16?: boolean
}

export interface SpeedDocument {
  readonly cpu: string
  readonly cores: number
  readonly node: string
  readonly onnxruntime: string
  readonly train_file: string
  /** The fastest large matrix product through the same engine. */
  readonly peak_gflop_per_second: number
  readonly results: readonly OwnResult[]
}

export interface TorchDocument {
  readonly cpu: string
  readonly cores: number
  readonly train_file: string
  readonly results: readonly Result[]
}

/** One run of the training loop by scaling.ts. */
export interface ScalingPoint {
  readonly model: string
  /** Of the questions of the file, in per cent. */
  readonly share: number
  readonly batch_size: number
  readonly max_tokens_per_pass: number
  readonly data_windows: number
  readonly data_tokens: number
  /** Real tokens of the timed steps, and how long these took. */
  readonly tokens: number
  readonly seconds: number
  readonly peak_resident_bytes: number
  /** Right after the evaluation of each epoch, where there were any. */
  readonly resident_bytes_by_epoch: readonly number[]
}

export interface ScalingDocument {
  readonly cpu: string
  readonly cores: number
  readonly node: string
  readonly onnxruntime: string
  readonly train_file: string
  readonly folder: string
  /** Parts of the data set, from small to whole. */
  readonly shares: readonly ScalingPoint[]
  readonly batches: readonly ScalingPoint[]
  readonly epochs: readonly ScalingPoint[]
  /** BERT-base under limits of tokens computed at once. */
  readonly passes: readonly ScalingPoint[]
}
