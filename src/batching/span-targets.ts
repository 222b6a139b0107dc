import { float32Value, type Value } from '../runtime/engine.ts'
import type { Label } from '../squad/types.ts'

export interface TargetOptions {
  /** Numbers of windows over which the starts and the ends are averaged, if these rows are part of a larger batch. */
  readonly counts?: SpanCounts
  /** Probability mass that is distributed evenly over all tokens (Szegedy et al. 2016). */
  readonly label_smoothing_factor?: number
}

export interface SpanCounts {
  readonly starts: number
  readonly ends: number
}

/** Counts the starts and ends that are inside their rows. Positions outside are excluded from the mean. */
export function countSpans(spans: readonly Label[], lengths: readonly number[]): SpanCounts {
  const inside = (key: keyof Label) => spans.filter((span, r) => span[key] < lengths[r]).length
  return { starts: inside('start_position'), ends: inside('end_position') }
}

/**
 * Targets [rows, 2, length] for the loss of transformers: the mean of the start and end cross-entropies, each averaged
 * over its windows. `lengths` are the numbers of tokens per row. Without spans, all targets are 0.
 */
export function spanTargets(
  spans: readonly Label[],
  lengths: readonly number[],
  length: number,
  { counts = countSpans(spans, lengths), label_smoothing_factor: smoothing = 0 }: TargetOptions = {},
): Value {
  const data = new Float32Array(lengths.length * 2 * length)
  const set = (place: number, position: number, n: number, count: number) => {
    if (position >= n) return
    if (smoothing > 0) data.fill(smoothing / n / (2 * count), place, place + n)
    data[place + position] += (1 - smoothing) / (2 * count)
  }
  for (const [r, { start_position, end_position }] of spans.entries()) {
    set(2 * r * length, start_position, lengths[r], counts.starts)
    set((2 * r + 1) * length, end_position, lengths[r], counts.ends)
  }
  return float32Value(data, [lengths.length, 2, length])
}
