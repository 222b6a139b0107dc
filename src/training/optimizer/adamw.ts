import type { FlatEntry } from '../../models/flat-parameters.ts'
import type { RateOf } from './layer-rates.ts'
import { type AdamWArrays, type AdamWFactors, type Kernels, mapArrays } from './plain-kernels.ts'

export interface AdamWOptions {
  readonly adam_beta1: number
  readonly adam_beta2: number
  readonly adam_epsilon: number
}

/** A range [start, end) of the flat arrays with the same weight decay and the same factor of the learning rate. */
export interface UpdateRange {
  readonly start: number
  readonly end: number
  readonly weight_decay: number
  readonly rate: number
}

export interface AdamWStep {
  /** Number of the step, starting at 1. */
  readonly step: number
  readonly learning_rate: number
  /** Factor applied to the gradients; 1 without clipping. */
  readonly clip: number
}

/**
 * Performs a step of AdamW (Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization", algorithm 2) on flat
 * arrays, with the formulas and order of operations of torch.optim.AdamW:
 *
 *     θ ← θ (1 - lr λ)
 *     m ← m + (1 - β₁)(g - m)                  v ← β₂ v + (1 - β₂) g²
 *     θ ← θ - lr / (1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + ε)
 *
 * Factors are computed in float64 and rounded once; the arrays are processed in float32. The gradients are clipped on
 * the fly and not modified.
 * @returns whether all parameters and moments are finite afterwards
 */
export function adamwStep(
  kernels: Kernels,
  arrays: AdamWArrays,
  ranges: readonly UpdateRange[],
  options: AdamWOptions,
  { step, learning_rate, clip }: AdamWStep,
): boolean {
  let allFinite = true
  for (const { start, end, weight_decay, rate } of ranges) {
    const range = mapArrays(arrays, (x) => x.subarray(start, end))
    const factors = adamwFactors({ ...options, weight_decay }, { step, learning_rate: learning_rate * rate, clip })
    allFinite = kernels.adamw(range, factors) && allFinite
  }
  return allFinite
}

/** The parts of ranges between two elements, for arrays that start at the first of them. */
export const rangesWithin = (ranges: readonly UpdateRange[], from: number, to: number): UpdateRange[] =>
  ranges
    .map((range) => ({ ...range, start: Math.max(range.start, from) - from, end: Math.min(range.end, to) - from }))
    .filter(({ start, end }) => start < end)

/** The factors of a step, computed in float64 and rounded once. */
export function adamwFactors(
  { adam_beta1, adam_beta2, adam_epsilon, weight_decay }: AdamWOptions & { readonly weight_decay: number },
  { step, learning_rate, clip }: AdamWStep,
): AdamWFactors {
  const round = Math.fround
  return {
    clip: round(clip),
    decay: round(1 - learning_rate * weight_decay),
    oneMinusBeta1: round(1 - adam_beta1),
    beta2: round(adam_beta2),
    oneMinusBeta2: round(1 - adam_beta2),
    rootOfCorrection2: round(Math.sqrt(1 - adam_beta2 ** step)),
    epsilon: round(adam_epsilon),
    negativeStepSize: round(-learning_rate / (1 - adam_beta1 ** step)),
  }
}

const KEPT_FROM_DECAY = /bias|layernorm|rmsnorm|(^|\.|_)norm($|\.)/

/**
 * Whether weight decay applies to a parameter. As in transformers' Trainer, it does not apply to biases and normalization
 * weights, which are recognized by being vectors or by their names.
 */
export const decays = ({ name, shape }: Pick<FlatEntry, 'name' | 'shape'>): boolean =>
  shape.length > 1 && !KEPT_FROM_DECAY.test(name.toLowerCase())

/**
 * Returns the ranges of consecutive parameters, starting at element 0. Adjacent ranges that are updated in the same way are
 * merged.
 */
export function updateRanges(
  parameters: readonly Pick<FlatEntry, 'name' | 'shape' | 'size'>[],
  weight_decay: number,
  rateOf: RateOf = () => 1,
): UpdateRange[] {
  const ranges: UpdateRange[] = []
  let start = 0
  for (const parameter of parameters) {
    const own = { weight_decay: decays(parameter) ? weight_decay : 0, rate: rateOf(parameter.name) }
    const last = ranges.at(-1)
    const end = start + parameter.size
    if (last?.weight_decay === own.weight_decay && last.rate === own.rate) ranges[ranges.length - 1] = { ...last, end }
    else ranges.push({ start, end, ...own })
    start = end
  }
  return ranges
}
