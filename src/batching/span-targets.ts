import { float32Value, type Value } from '../runtime/engine.ts'
import type { Label } from '../squad/types.ts'

export interface TargetOptions {
  /** How many windows the starts and the ends are averaged over, where these rows are a part of a larger batch. */
  readonly counts?: SpanCounts
  /** The share of the weight that is spread evenly over all tokens (Szegedy et al. 2016). */
  readonly label_smoothing_factor?: number
}

export interface SpanCounts {
  readonly starts: number
  readonly ends: number
}

/** How many starts and ends lie inside their rows: positions at or past the end are left out of the mean. */
export function countSpans(spans: readonly Label[], lengths: readonly number[]): SpanCounts {
  const inside = (key: keyof Label) => spans.filter((span, r) => span[key] < lengths[r]).length
  return { starts: inside('start_position'), ends: inside('end_position') }
}

/**
 * Targets [rows, 2, length] of the loss that transformers computes: start and end cross-entropies, each averaged over
 * its windows, and their mean. `lengths` are the rows' numbers of tokens. Without spans all targets are 0.
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
