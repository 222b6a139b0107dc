/**
 * Number types of stored tensors, and their conversion from and to float32. All files here are little-endian, and so
 * is every machine that ONNX Runtime runs on.
 */

/** Bytes of an element, by the names that safetensors uses; C128 and those with Q are torch's own. */
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

/** Types whose values become float32: exactly, or for F64 rounded. */
export type FloatDtype = 'F16' | 'BF16' | 'F32' | 'F64'

export const isDtype = (name: string): name is Dtype => Object.hasOwn(ELEMENT_BYTES, name)

export const isFloat = (dtype: string): dtype is FloatDtype => ['F16', 'BF16', 'F32', 'F64'].includes(dtype)

/** Writes the numbers in `bytes` (aligned to their size) into `target`, which is as long as there are numbers. */
export function toFloat32(dtype: FloatDtype, bytes: Uint8Array, target: Float32Array): void {
  const { buffer, byteOffset } = bytes
  if (dtype === 'F32') target.set(new Float32Array(buffer, byteOffset, target.length))
  else if (dtype === 'F64') target.set(new Float64Array(buffer, byteOffset, target.length))
  else if (dtype === 'BF16') fromBfloat16(new Uint16Array(buffer, byteOffset, target.length), target)
  else fromFloat16(new Uint16Array(buffer, byteOffset, target.length), target)
}

/** bfloat16 is the upper half of a float32. */
function fromBfloat16(halves: Uint16Array, target: Float32Array): void {
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length)
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16
}

let float16Values: Float32Array | undefined

function fromFloat16(halves: Uint16Array, target: Float32Array): void {
  float16Values ??= Float32Array.from({ length: 2 ** 16 }, (_, half) => float16Value(half))
  for (let i = 0; i < halves.length; i++) target[i] = float16Values[halves[i]]
}

/** IEEE 754 binary16: 1 bit sign, 5 bits exponent (bias 15), 10 bits fraction. */
function float16Value(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** The nearest float16 of each value, ties to the even one; beyond 65,504 that is infinity. */
export function toFloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const halves = new Uint16Array(values.length)
  for (let i = 0; i < bits.length; i++)
    halves[i] = ((bits[i] >>> 16) & 0x8000) | magnitude(bits[i] & 0x7fffffff, values[i])
  return halves
}

function magnitude(bits: number, value: number): number {
  if (bits > 0x7f800000) return 0x7e00
  if (bits >= 0x47800000) return 0x7c00
  // Below 2^-14 float16 counts in steps of 2^-24. Adding 2^52 leaves a double no room for a fraction: it rounds.
  if (bits < 0x38800000) return Math.abs(value) * 2 ** 24 + 2 ** 52 - 2 ** 52
  // Re-bias the exponent from 127 to 15 and round away 13 bits; a carry runs on into the exponent, as it should.
  return (bits - 0x38000000 + 0xfff + ((bits >>> 13) & 1)) >>> 13
}
