import { SpanforgeError } from '../errors.ts'

/** @throws SpanforgeError, starting with `place`, if any value is infinite or NaN */
export function refuseNonfinite(place: string, values: Float32Array, remedy: string): void {
  let count = 0
  // x - x is 0 for finite numbers and NaN for all others.
  for (let i = 0; i < values.length; i++) if (values[i] - values[i] !== 0) count++
  if (count === 0) return
  const first = values.findIndex((value) => !Number.isFinite(value))
  throw new SpanforgeError(
    `${place}: found ${count} of ${values.length} weights that are not finite, the first (${values[first]}) at ${first}`,
    { remedy },
  )
}
