import type { DType } from '../graph/tensor.ts'

/** What goes into a run and comes out: data of a type, with its dimensions. Views of larger arrays are welcome. */
export interface Value {
  readonly dtype: DType
  readonly dims: readonly number[]
  readonly data: Float32Array | Int32Array | BigInt64Array
}

export type Values = Readonly<Record<string, Value>>

export interface CompileOptions {
  /** Threads within an operator; 0 lets the engine choose one for each core. */
  readonly threads?: number
  /** Writes a profile of time by node to a file that begins so. */
  readonly profilePrefix?: string
}

/** A compiled model. `run` reads `inputs` and writes into the preallocated `outputs`; nothing is copied on the way. */
export interface Executable {
  run(inputs: Values, outputs: Values): Promise<void>
  release(): Promise<void>
}

/** Something that runs ONNX models. Nothing above this room knows which. */
export interface Engine {
  readonly name: string
  readonly device: string
  compile(model: Uint8Array, options?: CompileOptions): Promise<Executable>
}

export const float32 = (data: Float32Array, dims: readonly number[]): Value => ({ dtype: 'float32', dims, data })
export const int32 = (data: Int32Array, dims: readonly number[]): Value => ({ dtype: 'int32', dims, data })
