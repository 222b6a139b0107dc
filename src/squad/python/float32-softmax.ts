/**
 * Softmax with exactly the same bits as numpy's for a short float32 array on x86-64 with AVX2 or AVX-512, so that the
 * probabilities in run_qa's files agree in every digit. `exp` follows numpy's vectorized float32 kernel
 * (loops_exponent_log: Cody-Waite range reduction, a rational minimax approximation, fused multiply-adds), and the sum
 * numpy's pairwise summation.
 */

const { fround } = Math
const [LOG2_E, LN2_HIGH, LN2_LOW] = [Math.LOG2E, 6.93145752e-1, 1.42860677e-6].map(fround)
// The float32 values of numpy's coefficients, highest power first.
const NUMERATOR = [5.0827626e-4, 6.757897e-3, 5.1145121e-2, 2.4736154e-1, 7.2576646e-1, 1].map(fround)
const DENOMINATOR = [2.1595094e-2, -2.7423354e-1, 1].map(fround)
/** exp(x) is 0 for x at or below this value. */
const MIN_EXPONENT = -103.97208404541016

/** Softmax of at most 128 float32 scores, for which pairwise summation uses a single block. */
export function float32Softmax(scores: readonly number[]): number[] {
  const highest = Math.max(...scores)
  const exps = scores.map((score) => float32Exp(fround(score - highest)))
  const total = blockSum(exps)
  return exps.map((exp) => fround(exp / total))
}

/** exp(x) for x <= 0. */
function float32Exp(x: number): number {
  if (x <= MIN_EXPONENT) return 0
  const power = roundHalfEven(fround(x * LOG2_E))
  const rest = fma(power, -LN2_LOW, fma(power, -LN2_HIGH, x))
  return fround(fround(polynomial(NUMERATOR, rest) / polynomial(DENOMINATOR, rest)) * 2 ** power)
}

const polynomial = (coefficients: readonly number[], x: number): number =>
  coefficients.reduce((value, coefficient) => fma(value, x, coefficient))

/** Fused multiply-add. The product of two float32 values is exact in float64. */
const fma = (a: number, b: number, c: number): number => fround(a * b + c)

function roundHalfEven(x: number): number {
  const shift = 1.5 * 2 ** 52
  return x + shift - shift
}

/** Pairwise summation within a block: eight running sums, added in pairs, followed by the remaining values. */
function blockSum(values: readonly number[]): number {
  const add = (a: number, b: number) => fround(a + b)
  if (values.length < 8) return values.reduce(add, 0)
  const whole = values.length - (values.length % 8)
  let sums = values.slice(0, 8)
  for (let i = 8; i < whole; i += 8) sums = sums.map((sum, lane) => add(sum, values[i + lane]))
  while (sums.length > 1) sums = Array.from({ length: sums.length / 2 }, (_, i) => add(sums[2 * i], sums[2 * i + 1]))
  return values.slice(whole).reduce(add, sums[0])
}
