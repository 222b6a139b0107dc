/** IEEE 754 binary16: 1 bit sign, 5 bits exponent (bias 15), 10 bits fraction. Arrays of them are `Uint16Array`s. */

let values: Float32Array | undefined

/** Writes the value of each float16 into `target`, exactly. */
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
