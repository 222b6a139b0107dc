import type { DType, TensorData } from '../graph/data.ts'
import type { Graph } from '../graph/tensor.ts'

/** What goes into a run and comes out: data of a type, with its dimensions. Views of larger arrays are welcome. */
export interface Value {
  readonly dtype: DType
  readonly dims: readonly number[]
  readonly data: TensorData
}

export type Values = Readonly<Record<string, Value>>

/**
 * What an engine computes in. Inputs and outputs are float32 always; in bfloat16 the factors of matrix products are
 * rounded to its 8 bits, and their sums are kept in float32.
 */
export type Precision = 'float32' | 'bfloat16'

export interface CompileOptions {
  /** float32 unless given. An engine refuses what is not among its `precisions`. */
  readonly precision?: Precision
  /** Threads within an operator; 0 lets the engine choose one for each core. SPANFORGE_THREADS unless given. */
  readonly threads?: number
  /** Writes a profile of time by node to a file that begins so. */
  readonly profilePrefix?: string
}

/** A compiled graph. `run` reads `inputs` and writes into the preallocated `outputs`; nothing is copied on the way. */
export interface Executable {
  run(inputs: Values, outputs: Values): Promise<void>
  release(): Promise<void>
}

/** Something that runs graphs. Nothing above this room knows which. */
export interface Engine {
  readonly name: string
  readonly device: string
  /** What this engine computes in on this device, float32 among it. */
  readonly precisions: readonly Precision[]
  /** What it would take to compute in more of them here. */
  readonly lacks?: string
  /** Makes a graph ready to run. Its outputs are what `run` writes, its inputs what `run` reads, by name. */
  compile(graph: Graph, options?: CompileOptions): Promise<Executable>
}

export const float32 = (data: Float32Array, dims: readonly number[]): Value => ({ dtype: 'float32', dims, data })
export const int32 = (data: Int32Array, dims: readonly number[]): Value => ({ dtype: 'int32', dims, data })
