/** The largest magnitude of 8 bits. */
const MAX_INTEGER = 127

/** The scale with which a row of values fits into 8 bits. */
export function rowScale(values: Float32Array): number {
  let found = 0
  for (const value of values) if (Math.abs(value) > found) found = Math.abs(value)
  return found / MAX_INTEGER || 1
}

/**
 * The scale with which a row of weights fits into 8 bits, and so does the sum of each pair of neighbors. x86 processors
 * without VNNI add the products of a pair and two unsigned 8-bit activations in 16 bits, with saturation: two weights of
 * 127 and two activations of 255 would give 32,767 instead of 64,770. With this scale, a sum is at most 255 · 128.
 */
export function weightScale(weights: Float32Array): number {
  let found = MAX_INTEGER * rowScale(weights)
  for (let i = 1; i < weights.length; i += 2) found = Math.max(found, Math.abs(weights[i - 1] + weights[i]))
  return found / MAX_INTEGER
}
