import { SpanforgeError } from '../errors.ts'
import { toFloat16 } from '../float16.ts'

/**
 * The array type that stores the elements of each data type. JavaScript has no float16 and bool arrays, so their bits
 * and bytes are stored as integers.
 */
const ARRAYS = {
  float32: Float32Array,
  float16: Uint16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const

export type DType = keyof typeof ARRAYS
export type TensorData = Float32Array | Uint16Array | Int32Array | BigInt64Array | Int8Array | Uint8Array

/** ONNX's numbers for the data types (TensorProto.DataType). */
export const ELEMENT_TYPE: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
}

/**
 * Converts values to the array type of a data type. A typed array must already have the correct type and is not copied.
 */
export function toTensorData(values: readonly number[] | TensorData, dtype: DType): TensorData {
  if (ArrayBuffer.isView(values)) {
    if (values instanceof ARRAYS[dtype]) return values
    const found = Object.prototype.toString.call(values).slice('[object '.length, -1)
    throw new SpanforgeError(`constant: found a ${found}, expected a ${ARRAYS[dtype].name} for ${dtype}`)
  }
  if (dtype === 'int64') return BigInt64Array.from(values, BigInt)
  if (dtype === 'float16') return toFloat16(Float32Array.from(values))
  return ARRAYS[dtype].from(values)
}
