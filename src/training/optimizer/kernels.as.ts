// Kernels for flat arrays, in AssemblyScript with 128-bit SIMD. `plain-kernels.ts` is a bit-identical implementation in
// TypeScript. `scripts/build-wasm.ts` compiles this file to `kernels-wasm.ts`. Pointers are byte offsets into the
// imported memory; counts are in elements, so that an array may end at 4 GiB.

/**
 * Sum of x² in float64, accumulated in eight running sums: element i is added to sum i mod 8. The result is finite if
 * and only if all elements are.
 */
export function sumOfSquares(x: usize, count: u32): f64 {
  let s01 = f64x2.splat(0)
  let s23 = f64x2.splat(0)
  let s45 = f64x2.splat(0)
  let s67 = f64x2.splat(0)
  let i: u32 = 0
  for (; i + 8 <= count; i += 8) {
    const low = v128.load(x)
    const high = v128.load(x, 16)
    const x01 = f64x2.promote_low_f32x4(low)
    const x23 = f64x2.promote_low_f32x4(v128.shuffle<f32>(low, low, 2, 3, 2, 3))
    const x45 = f64x2.promote_low_f32x4(high)
    const x67 = f64x2.promote_low_f32x4(v128.shuffle<f32>(high, high, 2, 3, 2, 3))
    s01 = f64x2.add(s01, f64x2.mul(x01, x01))
    s23 = f64x2.add(s23, f64x2.mul(x23, x23))
    s45 = f64x2.add(s45, f64x2.mul(x45, x45))
    s67 = f64x2.add(s67, f64x2.mul(x67, x67))
    x += 32
  }
  const pairs = f64x2.add(f64x2.add(s01, s23), f64x2.add(s45, s67))
  let sum = f64x2.extract_lane(pairs, 0) + f64x2.extract_lane(pairs, 1)
  for (; i < count; i++) {
    const rest = <f64>load<f32>(x)
    sum += rest * rest
    x += 4
  }
  return sum
}

/**
 * Performs one AdamW step on a range, with the arithmetic and names of `AdamWFactors` in `plain-kernels.ts`. Returns
 * whether all results are finite; x - x is 0 for finite numbers and NaN for all others.
 */
export function adamw(
  parameter: usize,
  gradient: usize,
  expAvg: usize,
  expAvgSq: usize,
  count: u32,
  clip: f32,
  decay: f32,
  oneMinusBeta1: f32,
  beta2: f32,
  oneMinusBeta2: f32,
  rootOfCorrection2: f32,
  epsilon: f32,
  negativeStepSize: f32,
): bool {
  const clip4 = f32x4.splat(clip)
  const decay4 = f32x4.splat(decay)
  const oneMinusBeta1x4 = f32x4.splat(oneMinusBeta1)
  const beta2x4 = f32x4.splat(beta2)
  const oneMinusBeta2x4 = f32x4.splat(oneMinusBeta2)
  const rootOfCorrection2x4 = f32x4.splat(rootOfCorrection2)
  const epsilon4 = f32x4.splat(epsilon)
  const negativeStepSize4 = f32x4.splat(negativeStepSize)
  let zeros = f32x4.splat(0)
  let i: u32 = 0
  for (; i + 4 <= count; i += 4) {
    const g = f32x4.mul(v128.load(gradient), clip4)
    let m = v128.load(expAvg)
    let v = v128.load(expAvgSq)
    m = f32x4.add(m, f32x4.mul(oneMinusBeta1x4, f32x4.sub(g, m)))
    v = f32x4.add(f32x4.mul(v, beta2x4), f32x4.mul(f32x4.mul(oneMinusBeta2x4, g), g))
    const denominator = f32x4.add(f32x4.div(f32x4.sqrt(v), rootOfCorrection2x4), epsilon4)
    const update = f32x4.div(f32x4.mul(negativeStepSize4, m), denominator)
    const p = f32x4.add(f32x4.mul(v128.load(parameter), decay4), update)
    zeros = f32x4.add(zeros, f32x4.add(f32x4.add(f32x4.sub(p, p), f32x4.sub(m, m)), f32x4.sub(v, v)))
    v128.store(parameter, p)
    v128.store(expAvg, m)
    v128.store(expAvgSq, v)
    parameter += 16
    gradient += 16
    expAvg += 16
    expAvgSq += 16
  }
  let zero =
    f32x4.extract_lane(zeros, 0) +
    f32x4.extract_lane(zeros, 1) +
    f32x4.extract_lane(zeros, 2) +
    f32x4.extract_lane(zeros, 3)
  for (; i < count; i++) {
    const g = load<f32>(gradient) * clip
    let m = load<f32>(expAvg)
    let v = load<f32>(expAvgSq)
    m = m + oneMinusBeta1 * (g - m)
    v = v * beta2 + oneMinusBeta2 * g * g
    const denominator = sqrt<f32>(v) / rootOfCorrection2 + epsilon
    const p = load<f32>(parameter) * decay + (negativeStepSize * m) / denominator
    zero += p - p + (m - m) + (v - v)
    store<f32>(parameter, p)
    store<f32>(expAvg, m)
    store<f32>(expAvgSq, v)
    parameter += 4
    gradient += 4
    expAvg += 4
    expAvgSq += 4
  }
  return zero == 0
}

/** average += share * (value - average), in float32. */
export function average(average: usize, value: usize, count: u32, share: f32): void {
  const share4 = f32x4.splat(share)
  let i: u32 = 0
  for (; i + 4 <= count; i += 4) {
    const a = v128.load(average)
    v128.store(average, f32x4.add(a, f32x4.mul(share4, f32x4.sub(v128.load(value), a))))
    average += 16
    value += 16
  }
  for (; i < count; i++) {
    const a = load<f32>(average)
    store<f32>(average, a + share * (load<f32>(value) - a))
    average += 4
    value += 4
  }
}
