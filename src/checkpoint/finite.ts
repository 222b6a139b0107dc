import { SpanforgeError } from '../errors.ts'

/** @throws SpanforgeError with `place` for values among which some are infinite or NaN */
export function refuseNonfinite(place: string, values: Float32Array, remedy: string): void {
  let count = 0
  // x - x is 0 for every finite number and NaN for the others.
  for (let i = 0; i < values.length; i++) if (values[i] - values[i] !== 0) count++
  if (count === 0) return
  const first = values.findIndex((value) => !Number.isFinite(value))
  throw new SpanforgeError(
    `${place}: found ${count} of ${values.length} weights that are not finite, the first (${values[first]}) at ${first}`,
    { remedy },
  )
}
