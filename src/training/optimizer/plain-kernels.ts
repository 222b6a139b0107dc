/** Kernels for flat arrays. All implementations produce bit-identical results. */
export interface Kernels {
  /** Sum of x² in float64, always in the same order. The result is finite if and only if all elements are. */
  sumOfSquares(x: Float32Array): number
  /**
   * Performs one AdamW step on arrays of equal length. Returns whether all parameters and moments are finite
   * afterwards.
   */
  adamw(arrays: AdamWArrays, factors: AdamWFactors): boolean
  /** Moves an average toward the values: average += share * (values - average), in float32. */
  average(average: Float32Array, values: Float32Array, share: number): void
}

export interface AdamWArrays {
  readonly parameters: Float32Array
  readonly gradients: Float32Array
  readonly exp_avg: Float32Array
  readonly exp_avg_sq: Float32Array
}

/** Returns a part or another view of each of the arrays. */
export const mapArrays = (arrays: AdamWArrays, map: (array: Float32Array) => Float32Array): AdamWArrays => ({
  parameters: map(arrays.parameters),
  gradients: map(arrays.gradients),
  exp_avg: map(arrays.exp_avg),
  exp_avg_sq: map(arrays.exp_avg_sq),
})

/**
 * Factors of an AdamW step, each rounded to float32, in which the step is computed:
 *
 *     g = clip * gradient
 *     m = m + oneMinusBeta1 * (g - m)
 *     v = v * beta2 + oneMinusBeta2 * g * g
 *     parameter = parameter * decay + negativeStepSize * m / (sqrt(v) / rootOfCorrection2 + epsilon)
 */
export interface AdamWFactors {
  readonly clip: number
  readonly decay: number
  readonly oneMinusBeta1: number
  readonly beta2: number
  readonly oneMinusBeta2: number
  readonly rootOfCorrection2: number
  readonly epsilon: number
  readonly negativeStepSize: number
}

const round = Math.fround

/**
 * Plain TypeScript kernels for arrays larger than a WebAssembly memory. float64 has more than twice the precision of
 * float32, so rounding a single float64 operation gives the exact float32 result, including division and square root.
 */
export const plainKernels: Kernels = {
  sumOfSquares(x) {
    // Eight running sums, added in the same order as the lanes of the SIMD kernel.
    const sums = new Float64Array(8)
    const whole = x.length - (x.length % 8)
    for (let i = 0; i < whole; i += 8) for (let lane = 0; lane < 8; lane++) sums[lane] += x[i + lane] * x[i + lane]
    const even = sums[0] + sums[2] + (sums[4] + sums[6])
    let sum = even + (sums[1] + sums[3] + (sums[5] + sums[7]))
    for (let i = whole; i < x.length; i++) sum += x[i] * x[i]
    return sum
  },

  adamw({ parameters, gradients, exp_avg, exp_avg_sq }, factors) {
    const { clip, decay, oneMinusBeta1, beta2, oneMinusBeta2, rootOfCorrection2, epsilon, negativeStepSize } = factors
    // x - x is 0 for finite numbers and NaN for all others.
    let zero = 0
    for (let i = 0; i < parameters.length; i++) {
      const g = round(gradients[i] * clip)
      const m = round(exp_avg[i] + round(oneMinusBeta1 * round(g - exp_avg[i])))
      const v = round(round(exp_avg_sq[i] * beta2) + round(round(oneMinusBeta2 * g) * g))
      const denominator = round(round(round(Math.sqrt(v)) / rootOfCorrection2) + epsilon)
      const p = round(round(parameters[i] * decay) + round(round(negativeStepSize * m) / denominator))
      zero += p - p + (m - m) + (v - v)
      parameters[i] = p
      exp_avg[i] = m
      exp_avg_sq[i] = v
    }
    return zero === 0
  },

  average(average, values, share) {
    for (let i = 0; i < average.length; i++)
      average[i] = round(average[i] + round(share * round(values[i] - average[i])))
  },
}
