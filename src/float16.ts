/** IEEE 754 binary16: 1 sign bit, 5 exponent bits (bias 15) and 10 fraction bits. Stored in `Uint16Array`s. */

let values: Float32Array | undefined

/** Converts float16 values exactly, writing the results to `target`. */
export function fromFloat16(halves: Uint16Array, target: Float32Array): void {
  values ??= Float32Array.from({ length: 2 ** 16 }, (_, half) => float16Value(half))
  for (let i = 0; i < halves.length; i++) target[i] = values[halves[i]]
}

function float16Value(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** Rounds values to the nearest float16, ties to even. Values that round to more than 65,504 become infinite. */
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
  // Below 2^-14, float16 values are multiples of 2^-24. Adding 2^52 leaves no fraction bits in a double, which rounds
  // it.
  if (bits < 0x38800000) return Math.abs(value) * 2 ** 24 + 2 ** 52 - 2 ** 52
  // Change the exponent bias from 127 to 15 and round off 13 bits. A carry correctly increments the exponent.
  return (bits - 0x38000000 + 0xfff + ((bits >>> 13) & 1)) >>> 13
}
