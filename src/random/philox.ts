/**
 * Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011): a keyed
 * bijection of 128-bit counters whose output passes TestU01's BigCrush. It has no state; each block of a stream is
 * computed independently.
 */

const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57] as const
const KEY_STEPS = [0x9e3779b9, 0xbb67ae85] as const

/** Writes the four output words for a counter and a key to `out`. */
export function philox4x32(counter: Uint32Array, key: Uint32Array, out: Uint32Array): void {
  let c0 = counter[0]
  let c1 = counter[1]
  let c2 = counter[2]
  let c3 = counter[3]
  let k0 = key[0]
  let k1 = key[1]
  for (let round = 0; round < 10; round++) {
    const next0 = highProduct(MULTIPLIERS[1], c2) ^ c1 ^ k0
    const next2 = highProduct(MULTIPLIERS[0], c0) ^ c3 ^ k1
    c1 = Math.imul(MULTIPLIERS[1], c2)
    c3 = Math.imul(MULTIPLIERS[0], c0)
    c0 = next0 >>> 0
    c2 = next2 >>> 0
    k0 = (k0 + KEY_STEPS[0]) | 0
    k1 = (k1 + KEY_STEPS[1]) | 0
  }
  out[0] = c0
  out[1] = c1
  out[2] = c2
  out[3] = c3
}

/**
 * Computes the upper 32 bits of the product of two unsigned 32-bit integers, from partial products that float64
 * represents exactly.
 */
function highProduct(a: number, b: number): number {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16)
  const carried = aLow * bHigh + (middle & 0xffff)
  return aHigh * bHigh + (middle >>> 16) + (carried >>> 16)
}
