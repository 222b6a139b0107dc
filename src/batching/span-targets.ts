import { float32Value, type Value } from '../runtime/engine.ts'
import type { Label } from '../squad/types.ts'

export interface TargetOptions {
  /** Numbers of windows over which the starts and the ends are averaged, if these rows are part of a larger batch. */
  readonly counts?: SpanCounts
  /** Probability mass that is distributed evenly over all tokens (Szegedy et al. 2016). */
  readonly label_smoothing_factor?: number
  /** Factor of all targets (default: 1). */
  readonly weight?: number
}

export interface SpanCounts {
  readonly starts: number
  readonly ends: number
  readonly windows: number
}

/** Counts windows, and the starts and ends that are inside their rows. Positions outside are excluded from the mean. */
export function countSpans(spans: readonly Label[], lengths: readonly number[]): SpanCounts {
  const inside = (key: keyof Label) => spans.filter((span, r) => span[key] < lengths[r]).length
  return { starts: inside('start_position'), ends: inside('end_position'), windows: lengths.length }
}

/**
 * Targets [rows, 2, length] for the loss of transformers: the mean of the start and end cross-entropies, each averaged
 * over its windows. `lengths` are the numbers of tokens per row. Without spans, all targets are 0.
 */
export function spanTargets(
  spans: readonly Label[],
  lengths: readonly number[],
  length: number,
  { counts = countSpans(spans, lengths), label_smoothing_factor: smoothing = 0, weight = 1 }: TargetOptions = {},
): Value {
  const data = new Float32Array(lengths.length * 2 * length)
  const set = (place: number, position: number, n: number, count: number) => {
    if (position >= n) return
    if (smoothing > 0) data.fill((weight * smoothing) / n / (2 * count), place, place + n)
    data[place + position] += (weight * (1 - smoothing)) / (2 * count)
  }
  for (const [r, { start_position, end_position }] of spans.entries()) {
    set(2 * r * length, start_position, lengths[r], counts.starts)
    set((2 * r + 1) * length, end_position, lengths[r], counts.ends)
  }
  return float32Value(data, [lengths.length, 2, length])
}

export interface TeacherTargetOptions {
  /** Number of windows over which the loss is averaged. */
  readonly windows: number
  readonly weight: number
  readonly temperature: number
}

/**
 * Targets [rows, 2, length] for the divergence from the teacher's probabilities at a temperature (Hinton et al. 2015).
 * `logits` are those of the starts and then the ends of each row. The cross-entropy with these targets exceeds the
 * divergence by their `entropy`, which does not depend on the model that learns.
 */
export function teacherTargets(
  logits: readonly Float32Array[],
  length: number,
  { windows, weight, temperature }: TeacherTargetOptions,
): { readonly targets: Value; readonly entropy: number } {
  const data = new Float32Array(logits.length * 2 * length)
  // The gradients of a softened target are smaller by the square of the temperature.
  const scale = (weight * temperature ** 2) / (2 * windows)
  let entropy = 0
  for (const [r, row] of logits.entries()) {
    const n = row.length / 2
    for (const side of [0, 1]) {
      const scaled = Float64Array.from(row.subarray(side * n, (side + 1) * n), (logit) => logit / temperature)
      const highest = scaled.reduce((a, b) => Math.max(a, b))
      const total = highest + Math.log(scaled.reduce((sum, logit) => sum + Math.exp(logit - highest), 0))
      const place = (2 * r + side) * length
      for (const [i, logit] of scaled.entries()) {
        const probability = Math.exp(logit - total)
        data[place + i] = scale * probability
        entropy -= scale * probability * (logit - total)
      }
    }
  }
  return { targets: float32Value(data, [logits.length, 2, length]), entropy }
}
