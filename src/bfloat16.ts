/** bfloat16 is the upper half of a float32: 1 sign bit, 8 exponent bits and 7 fraction bits. Stored in `Uint16Array`s. */

/** Converts bfloat16 values exactly, writing the results to `target`. */
export function fromBfloat16(halves: Uint16Array, target: Float32Array): void {
  const bits = new Int32Array(target.buffer, target.byteOffset, target.length)
  for (let i = 0; i < bits.length; i++) bits[i] = halves[i] << 16
}

/** Rounds values to the nearest bfloat16, ties to even, writing the results to `target`. NaN remains NaN. */
export function toBfloat16(values: Float32Array, target: Uint16Array): void {
  // As signed integers, which V8 adds without converting them to float64.
  const all = new Int32Array(values.buffer, values.byteOffset, values.length)
  for (let i = 0; i < all.length; i++) {
    const bits = all[i]
    // A carry correctly increments the exponent.
    target[i] = (bits & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : (bits + 0x7fff + ((bits >> 16) & 1)) >> 16
  }
}
