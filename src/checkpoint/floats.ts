import { fromBfloat16 } from '../bfloat16.ts'
import { SpanforgeError } from '../errors.ts'
import { fromFloat16 } from '../float16.ts'

/**
 * Element types of stored tensors, and their conversion to and from float32. All supported files are little-endian, and
 * so are all machines that the engines support.
 */

/**
 * Bytes per element, keyed by the names that safetensors uses. C128 and the names that contain Q exist only in torch.
 */
export const ELEMENT_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  QU8: 1,
  QI8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  F8_E5M2FNUZ: 1,
  F8_E4M3FNUZ: 1,
  F8_E8M0: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  QI32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
  C64: 8,
  C128: 16,
} as const

export type Dtype = keyof typeof ELEMENT_BYTES

/** Types that can be converted to float32. F64 is rounded; the others are exact. */
export type FloatDtype = 'F16' | 'BF16' | 'F32' | 'F64'

export const isDtype = (name: string): name is Dtype => Object.hasOwn(ELEMENT_BYTES, name)

export const isFloat = (dtype: string): dtype is FloatDtype => ['F16', 'BF16', 'F32', 'F64'].includes(dtype)

/** Converts the numbers in `bytes` (aligned to their size) into `target`, which has one element per number. */
export function toFloat32(dtype: FloatDtype, bytes: Uint8Array, target: Float32Array): void {
  const { buffer, byteOffset } = bytes
  if (dtype === 'F32') target.set(new Float32Array(buffer, byteOffset, target.length))
  else if (dtype === 'F64') target.set(new Float64Array(buffer, byteOffset, target.length))
  else if (dtype === 'BF16') fromBfloat16(new Uint16Array(buffer, byteOffset, target.length), target)
  else fromFloat16(new Uint16Array(buffer, byteOffset, target.length), target)
}

/** @throws SpanforgeError, starting with `place`, if any value is infinite or NaN */
export function rejectNonfinite(place: string, values: Float32Array, remedy: string): void {
  let count = 0
  // x - x is 0 for finite numbers and NaN for all others.
  for (let i = 0; i < values.length; i++) if (values[i] - values[i] !== 0) count++
  if (count === 0) return
  const first = values.findIndex((value) => !Number.isFinite(value))
  throw new SpanforgeError(
    `${place}: found ${count} of ${values.length} weights that are not finite, the first (${values[first]}) at ${first}`,
    { remedy },
  )
}
