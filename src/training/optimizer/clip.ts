import type { Kernels } from './plain-kernels.ts'

/** L2 norm of all gradients together, in float64; not finite exactly when a gradient is not. */
export function gradientNorm(kernels: Kernels, gradients: Float32Array): number {
  return Math.sqrt(kernels.sumOfSquares(gradients))
}

/**
 * What to multiply the gradients with so that their norm is at most `max_grad_norm`, as
 * torch.nn.utils.clip_grad_norm_ has it: max_norm / (norm + 1e-6), at most 1. Zero or less switches clipping off.
 */
export function clipCoefficient(norm: number, max_grad_norm: number): number {
  return max_grad_norm > 0 ? Math.min(1, max_grad_norm / (norm + 1e-6)) : 1
}

/** The first of the parameters, lying one after the other, with an infinite or NaN element; for an error message. */
export function firstNonFinite(
  values: Float32Array,
  parameters: readonly { readonly name: string; readonly size: number }[],
): { readonly name: string; readonly element: number; readonly value: number } | undefined {
  let start = 0
  for (const { name, size } of parameters) {
    const element = values.subarray(start, start + size).findIndex((value) => !Number.isFinite(value))
    if (element >= 0) return { name, element, value: values[start + element] }
    start += size
  }
}
