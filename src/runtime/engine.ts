import { SpanforgeError, UsageError } from '../errors.ts'
import type { DType, TensorData } from '../graph/data.ts'
import type { Graph } from '../graph/tensor.ts'
import { showValue } from '../show-value.ts'

/** An input or output of a graph: typed data with dimensions. `data` may be a view of a larger array. */
export interface Value {
  readonly dtype: DType
  readonly dims: readonly number[]
  readonly data: TensorData
}

export type Values = Readonly<Record<string, Value>>

/**
 * Precision of matrix products. Inputs and outputs are always float32. With bfloat16, the factors are rounded to 8
 * significant bits and their products are accumulated in float32. With float16, factors and results are rounded to 11
 * significant bits, and results beyond 65,504 are infinite.
 */
export type Precision = 'float32' | 'bfloat16' | 'float16'

/** The reduced precision that arguments or flags request. */
export interface ReducedPrecision {
  /** Multiply in bfloat16. */
  readonly bf16?: boolean
  /** Multiply in float16. Null means that nobody has decided yet. */
  readonly fp16?: boolean | null
}

/** @throws UsageError if both are asked for */
export function precisionOf({ bf16, fp16 }: ReducedPrecision): Precision {
  if (bf16 && fp16) throw new UsageError('bf16 and fp16 are mutually exclusive', 'Leave out one of them.')
  if (bf16) return 'bfloat16'
  return fp16 ? 'float16' : 'float32'
}

export interface CompileOptions {
  /** Default: float32. Must be one of the engine's `precisions`. */
  readonly precision?: Precision
  /** Number of threads per operator (default: SPANFORGE_THREADS). 0 uses all cores. */
  readonly threads?: number
  /**
   * Whether threads that wait for each other keep their cores busy, where the engine has a choice. By default, they do
   * not: that is as fast on an idle machine, and faster beside another process (benchmarks/README.md).
   */
  readonly spin?: boolean
  /** The lane of an engine that has `lanes` (default: 0). */
  readonly lane?: number
  /**
   * An executable that this engine compiled from the same graph, with the same precision, for another lane. Both hold the
   * same inputs, so the engine can share copies that it makes of them: whoever changes an input must invalidate it for both
   * before either runs.
   */
  readonly beside?: Executable
  /** Writes an execution time profile to a file whose name starts with this prefix: per node, or per kind of operation. */
  readonly profilePrefix?: string
}

export interface RunOptions {
  /** Whether runs in other lanes need their share of the cores (default: false, so the run uses all cores). */
  readonly isShared?: boolean
}

/**
 * A compiled graph. Values that keep their memory between runs are registered once with `hold`; values whose shape or
 * memory changes are passed to `run`. A CPU engine works directly on the memory of the values. An engine with its own
 * memory copies held values and copies them again after `invalidate`.
 */
export interface Executable {
  /**
   * Registers inputs and outputs for all following runs, replacing values registered earlier under the same names.
   * Ignores names that are not in the graph. An input and an output may share memory.
   */
  hold(values: Values): void
  /** Must be called after writing to the memory of held inputs, so that the next run reads it again. */
  invalidate(names: Iterable<string>): void
  /**
   * Runs the graph. `inputs` and `outputs` must contain exactly the values that are not held. When the promise
   * resolves, the results are in the memory of the outputs.
   */
  run(inputs: Values, outputs: Values, options?: RunOptions): Promise<void>
  release(): Promise<void>
}

/** A stored ONNX model that is ready to run. */
export interface StoredExecutable extends Executable {
  /** The inputs of the model, all of which `run` requires. */
  readonly inputs: readonly string[]
}

/** The inputs and outputs that a stored model may and must have. */
export interface Signature {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
}

/** Multiples to which the number of tokens of a pass and the length of its windows are rounded up. */
export interface Multiples {
  readonly tokens: number
  readonly length: number
}

/** Names of the places where values stay on a device, by the names of inputs and outputs of a graph. */
export interface Slots {
  readonly from: Readonly<Record<string, string>>
  readonly to: Readonly<Record<string, string>>
}

/** A graph whose inputs and outputs may stay on the device. */
export interface ResidentExecutable {
  /** Runs on passed values and on those in slots. Returns the outputs that do not stay on the device. */
  run(inputs: Values, slots: Slots): Promise<Values>
}

export interface ResidentCompileOptions {
  /** Outputs that are left in slots (default: none). */
  readonly stays?: readonly string[]
  /** Default: float32. Must be one of the engine's `precisions`. */
  readonly precision?: Precision
}

/** Values in the memory of a device, in named slots, and graphs that compute with them. */
export interface DeviceStore {
  /** Compiles a graph. */
  compile(graph: Graph, options?: ResidentCompileOptions): Promise<ResidentExecutable>
  write(values: Values): Promise<void>
  read(slot: string): Promise<Value>
  /** Frees all values and graphs. */
  release(): Promise<void>
}

/** An engine that runs graphs. Code outside the runtime does not depend on a particular engine. */
export interface Engine {
  readonly name: string
  readonly device: string
  /** The graphics card that it computes on, if it does. Its memory is known on some systems. */
  readonly gpu?: { readonly name: string; readonly memory_bytes?: number }
  /** Precisions that this engine supports on this device. Always includes float32. */
  readonly precisions: readonly Precision[]
  /** Why precisions that the engine supports elsewhere are not supported here. */
  readonly lacks?: Readonly<Partial<Record<Precision, string>>>
  /**
   * Sizes that the engine prefers: passes are padded so that the number of tokens and the length of the longest window are
   * multiples of these. Default: no padding.
   */
  readonly multiples?: Multiples
  /**
   * Number of executables that compute at the same time without slowing each other down, each in its own lane on its
   * share of the cores (default: 1). Several passes at once, on one core each, waste less time with waiting than one pass
   * on all cores.
   */
  readonly lanes?: number
  /** Whether values may be in memory that several threads of JavaScript share (default: false). */
  readonly acceptsSharedMemory?: boolean
  /** Compiles a graph. Inputs and outputs are identified by name. */
  compile(graph: Graph, options?: CompileOptions): Promise<Executable>
  /** Opens a store for values that stay on the device, if the engine has memory of its own. */
  openStore?(options?: Pick<CompileOptions, 'profilePrefix'>): DeviceStore
  /**
   * Opens an ONNX file, if the engine supports this.
   * @throws SpanforgeError if the file is not a model, has an input that is not in the signature, or lacks an output
   */
  open?(file: string, signature: Signature): Promise<StoredExecutable>
}

export const float32Value = (data: Float32Array, dims: readonly number[]): Value => ({ dtype: 'float32', dims, data })
export const scalarValue = (value: number): Value => float32Value(Float32Array.of(value), [])
export const uint8Value = (data: Uint8Array, dims: readonly number[]): Value => ({ dtype: 'uint8', dims, data })
export const int64Value = (data: BigInt64Array, dims: readonly number[]): Value => ({ dtype: 'int64', dims, data })
export const int32Value = (data: Int32Array, dims: readonly number[]): Value => ({ dtype: 'int32', dims, data })

/**
 * Reads SPANFORGE_THREADS, which limits the number of cores to use. Returns 0 (all cores) if it is not set.
 * @throws UsageError if the value is not a number of threads
 */
export function threadsByDefault(): number {
  const given = process.env.SPANFORGE_THREADS
  if (given === undefined || given === '') return 0
  const threads = Number(given)
  if (Number.isInteger(threads) && threads >= 0 && threads <= 1024) return threads
  throw new UsageError(`SPANFORGE_THREADS: found ${showValue(given)}, expected an integer from 0 (all cores) to 1024`)
}

/** What to do when an engine runs out of memory. */
export const MEMORY_REMEDY =
  'Lower max_tokens_per_pass, or close other programs. For training, gradient_checkpointing takes less memory too.'

/** @throws SpanforgeError if the model in a file has an input that is not in the signature, or lacks an output */
export function checkSignature(file: string, found: Signature, { inputs, outputs }: Signature): void {
  const unknown = found.inputs.filter((name) => !inputs.includes(name))
  const missing = outputs.filter((name) => !found.outputs.includes(name))
  if (unknown.length === 0 && missing.length === 0) return
  const names = `the inputs ${found.inputs.join(', ')} and the outputs ${found.outputs.join(', ')}`
  throw new SpanforgeError(
    `${file}: found ${names}, expected at most the inputs ${inputs.join(', ')} and the outputs ${outputs.join(', ')}`,
    { remedy: 'Use a model that was exported for question answering.' },
  )
}
