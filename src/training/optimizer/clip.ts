/**
 * Returns the factor that limits the gradient norm to `max_grad_norm`, as in torch.nn.utils.clip_grad_norm_: max_norm /
 * (norm + 1e-6), at most 1. Zero or less disables clipping.
 */
export function clipCoefficient(norm: number, max_grad_norm: number): number {
  return max_grad_norm > 0 ? Math.min(1, max_grad_norm / (norm + 1e-6)) : 1
}

/** Finds the first of the consecutive parameters with an infinite or NaN element, for error messages. */
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
