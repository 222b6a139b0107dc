// Dropout masks from Philox4x32-10, four counters at a time. `philox.ts` holds the same generator in TypeScript,
// with the paper. `scripts/build-wasm.ts` compiles this file into `random-wasm.ts`.

const M0: u32 = 0xd2511f53
const M1: u32 = 0xcd9e8d57
const W0: u32 = 0x9e3779b9
const W1: u32 = 0xbb67ae85

/**
 * Writes 32 mask elements per group of four counters, from counter `block` on: an element is `kept` where its 16 bits
 * of the stream (the low half of a word, then the high half) are at least `threshold`, else 0.
 * `out` has room for groups * 32 floats.
 */
export function fillMask(
  out: usize,
  groups: u32,
  threshold: u32,
  kept: f32,
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
  const keptBits = f32x4.splat(kept)
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
    // Words of one counter stand in one lane of c0..c3: transpose, so that the mask follows the stream's order.
    const low01 = v128.shuffle<i32>(c0, c1, 0, 4, 1, 5)
    const high01 = v128.shuffle<i32>(c0, c1, 2, 6, 3, 7)
    const low23 = v128.shuffle<i32>(c2, c3, 0, 4, 1, 5)
    const high23 = v128.shuffle<i32>(c2, c3, 2, 6, 3, 7)
    storeMask(out, v128.shuffle<i32>(low01, low23, 0, 1, 4, 5), thresholds, keptBits)
    storeMask(out + 32, v128.shuffle<i32>(low01, low23, 2, 3, 6, 7), thresholds, keptBits)
    storeMask(out + 64, v128.shuffle<i32>(high01, high23, 0, 1, 4, 5), thresholds, keptBits)
    storeMask(out + 96, v128.shuffle<i32>(high01, high23, 2, 3, 6, 7), thresholds, keptBits)
    out += 128
    blocks = i32x4.add(blocks, four)
  }
}

// @ts-ignore: decorator
@inline
function storeMask(out: usize, words: v128, thresholds: v128, kept: v128): void {
  const isKept = i16x8.ge_u(words, thresholds)
  v128.store(out, v128.and(i32x4.extend_low_i16x8_s(isKept), kept))
  v128.store(out, v128.and(i32x4.extend_high_i16x8_s(isKept), kept), 16)
}
