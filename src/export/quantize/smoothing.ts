/**
 * Moves outliers of activations into the weights of the product, whose scales can represent them (SmoothQuant, Xiao et
 * al. 2023): x Wᵀ = (x / d) (W d)ᵀ with a divisor per channel. A few channels with large values otherwise determine the
 * single scale of all activations.
 */

import { weightScale } from './weight-scale.ts'

/** The activations that are inputs of one or several products, by channel. */
export interface ProductInput {
  /** Names of the products' weights [out, channels]. */
  readonly weights: readonly string[]
  readonly lowest: Float32Array
  readonly highest: Float32Array
  /** Mean of the squares. */
  readonly squares: Float32Array
}

export interface Smoothing {
  /** Name of the stored tensor. Products with the same activations share it. */
  readonly name: string
  /** Activations are divided by these, one per channel, and weights are multiplied with them. */
  readonly divisors: Float32Array
}

/** Smoothings by the name of the weight. */
export type Smoothings = ReadonlyMap<string, Smoothing>

/** The divisors are the largest magnitudes of the channels to one of these powers. */
const POWERS = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]
/** Keeps the divisors of channels that were always 0 away from 0. */
const MIN_RANGE = 1e-5
/** Number of steps between the lowest and the highest integer of an activation. */
const STEPS = 255

/** Chooses the divisors with the smallest expected error of the products, from their activations and weights. */
export function chooseSmoothings(
  inputs: readonly ProductInput[],
  weightOf: (name: string) => Float32Array,
): Map<string, Smoothing> {
  const chosen = new Map<string, Smoothing>()
  for (const input of inputs) {
    const matrices = input.weights.map(weightOf)
    let best: { readonly error: number; readonly power: number } | undefined
    for (const power of POWERS) {
      const error = expectedError(input, matrices, divisorsOf(input, power))
      if (best === undefined || error < best.error) best = { error, power }
    }
    const { power } = best!
    if (power === 0) continue
    const smoothing = { name: `${input.weights[0]}_smoothing`, divisors: divisorsOf(input, power) }
    for (const weight of input.weights) chosen.set(weight, smoothing)
  }
  return chosen
}

const divisorsOf = ({ lowest, highest }: ProductInput, power: number): Float32Array =>
  highest.map((high, i) => Math.max(MIN_RANGE, high, -lowest[i]) ** power)

/** Expected squared error of the results, if rounding errors are distributed evenly within a step. */
function expectedError(input: ProductInput, matrices: readonly Float32Array[], divisors: Float32Array): number {
  const { lowest, highest, squares } = input
  let [low, high, power] = [0, 0, 0]
  for (let i = 0; i < divisors.length; i++) {
    low = Math.min(low, lowest[i] / divisors[i])
    high = Math.max(high, highest[i] / divisors[i])
    power += squares[i] / divisors[i] ** 2
  }
  const ofActivation = ((high - low) / STEPS) ** 2 / 12
  const size = divisors.length
  let error = 0
  for (const matrix of matrices) {
    const rows = smoothedRows(matrix, size, divisors)
    for (let row = 0; row < matrix.length / size; row++) {
      const weights = rows(row)
      let sum = 0
      for (const weight of weights) sum += weight * weight
      error += ofActivation * sum + (weightScale(weights) ** 2 / 12) * power
    }
  }
  return error
}

/** Returns a function that returns a row of weights whose activations are divided. Its results may share memory. */
export function smoothedRows(
  values: Float32Array,
  size: number,
  divisors?: Float32Array,
): (row: number) => Float32Array {
  const plain = (row: number) => values.subarray(row * size, (row + 1) * size)
  if (!divisors) return plain
  const smoothed = new Float32Array(size)
  return (row) => {
    const weights = plain(row)
    for (let i = 0; i < size; i++) smoothed[i] = weights[i] * divisors[i]
    return smoothed
  }
}
