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
  /** Default: float32. An engine refuses what is not among its `precisions`. */
  readonly precision?: Precision
  /** Threads within an operator (default: SPANFORGE_THREADS). With 0 the engine uses every core. */
  readonly threads?: number
  /** Writes a profile of time by node to a file that begins so. */
  readonly profilePrefix?: string
}

/**
 * A compiled graph. Values that stay in the same memory from run to run are handed over once, with `hold`; what is of
 * another shape or in other memory each time is passed to `run`. An engine on the CPU computes in the memory of the
 * values; one with memory of its own copies there what it holds, and copies it again when it is invalidated.
 */
export interface Executable {
  /**
   * Keeps inputs to read and outputs to write at every run from now on, in place of those that had their names before.
   * Names that the graph does not have are ignored. An input and an output may share their memory.
   */
  hold(values: Values): void
  /** Says that the caller has written into the memory of inputs that are held, so the next run must read it. */
  invalidate(names: Iterable<string>): void
  /**
   * Reads the inputs and writes the outputs: those that are held, and these, which must be all the others. When it
   * resolves, the results are in the memory of the outputs.
   */
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

export const float32Value = (data: Float32Array, dims: readonly number[]): Value => ({ dtype: 'float32', dims, data })
export const int32Value = (data: Int32Array, dims: readonly number[]): Value => ({ dtype: 'int32', dims, data })
