// Dropout draws from Philox4x32-10, four counters at a time. `philox.ts` holds the same generator in TypeScript,
// with the paper. `scripts/build-wasm.ts` compiles this file into `random-wasm.ts`.

const M0: u32 = 0xd2511f53
const M1: u32 = 0xcd9e8d57
const W0: u32 = 0x9e3779b9
const W1: u32 = 0xbb67ae85

/**
 * Writes 32 bits per group of four counters, from counter `block` on: a bit is 1 where its 16 bits of the stream (the low
 * half of a word, then the high half) are at least `threshold`. `out` has room for groups * 4 bytes.
 */
export function drawBits(
  out: usize,
  groups: u32,
  threshold: u32,
  block: u32,
  counter1: u32,
  counter2: u32,
  counter3: u32,
  key0: u32,
  key1: u32,
): void {
  const m0 = i32x4.splat(M0)
  const m1 = i32x4.splat(M1)
  const thresholds = i16x8.splat(<i16>threshold)
  const four = i32x4.splat(4)
  let blocks = i32x4.add(i32x4.splat(block), i32x4(0, 1, 2, 3))
  for (let group: u32 = 0; group < groups; group++) {
    let c0 = blocks
    let c1 = i32x4.splat(counter1)
    let c2 = i32x4.splat(counter2)
    let c3 = i32x4.splat(counter3)
    let k0 = key0
    let k1 = key1
    for (let round = 0; round < 10; round++) {
      // Two 64-bit products in each vector: the shuffles sort their low and high halves out again.
      const low0 = i64x2.extmul_low_i32x4_u(c0, m0)
      const high0 = i64x2.extmul_high_i32x4_u(c0, m0)
      const low1 = i64x2.extmul_low_i32x4_u(c2, m1)
      const high1 = i64x2.extmul_high_i32x4_u(c2, m1)
      c0 = v128.xor(v128.xor(v128.shuffle<i32>(low1, high1, 1, 3, 5, 7), c1), i32x4.splat(k0))
      c1 = v128.shuffle<i32>(low1, high1, 0, 2, 4, 6)
      c2 = v128.xor(v128.xor(v128.shuffle<i32>(low0, high0, 1, 3, 5, 7), c3), i32x4.splat(k1))
      c3 = v128.shuffle<i32>(low0, high0, 0, 2, 4, 6)
      k0 += W0
      k1 += W1
    }
    // Words of one counter are in one lane of c0..c3: transpose, so that the bits follow the stream's order.
    const low01 = v128.shuffle<i32>(c0, c1, 0, 4, 1, 5)
    const high01 = v128.shuffle<i32>(c0, c1, 2, 6, 3, 7)
    const low23 = v128.shuffle<i32>(c2, c3, 0, 4, 1, 5)
    const high23 = v128.shuffle<i32>(c2, c3, 2, 6, 3, 7)
    const first = keptBits(
      v128.shuffle<i32>(low01, low23, 0, 1, 4, 5),
      v128.shuffle<i32>(low01, low23, 2, 3, 6, 7),
      thresholds,
    )
    const second = keptBits(
      v128.shuffle<i32>(high01, high23, 0, 1, 4, 5),
      v128.shuffle<i32>(high01, high23, 2, 3, 6, 7),
      thresholds,
    )
    store<u32>(out, first | (second << 16))
    out += 4
    blocks = i32x4.add(blocks, four)
  }
}

// @ts-ignore: decorator
@inline
function keptBits(words0: v128, words1: v128, thresholds: v128): u32 {
  const kept0 = i16x8.ge_u(words0, thresholds)
  const kept1 = i16x8.ge_u(words1, thresholds)
  return i8x16.bitmask(i8x16.narrow_i16x8_s(kept0, kept1))
}

/**
 * Writes rows of `width` bytes, one after the other: each byte is the value, 0 or 1, of a bit, from bit `start` + row *
 * `step` on. `bits` is a ring of `byteMask` + 1 bytes, a power of two, whose first 8 bytes are repeated after its end.
 * Up to 31 bytes after the last row are overwritten.
 */
export function expandBits(
  out: usize,
  bits: usize,
  byteMask: u32,
  start: u32,
  rows: u32,
  step: u32,
  width: u32,
): void {
  const bit = i8x16(1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128)
  const one = i8x16.splat(1)
  for (let row: u32 = 0; row < rows; row++) {
    let at = start
    for (let column: u32 = 0; column < width; column += 32) {
      const word = i32x4.splat(<i32>(load<u64>(bits + ((at >> 3) & byteMask)) >> (at & 7)))
      const low = v128.shuffle<i8>(word, word, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1)
      const high = v128.shuffle<i8>(word, word, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3)
      v128.store(out + column, v128.and(i8x16.eq(v128.and(low, bit), bit), one))
      v128.store(out + column, v128.and(i8x16.eq(v128.and(high, bit), bit), one), 16)
      at += 32
    }
    out += width
    start += step
  }
}
