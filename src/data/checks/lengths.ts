/** A distribution of lengths: summary statistics and a histogram. */
export interface Lengths {
  readonly count: number
  readonly median: number
  /** 95th percentile. */
  readonly p95: number
  readonly longest: number
  readonly total: number
  /** Width of a bin: bin k counts lengths from k x width to (k + 1) x width - 1. */
  readonly width: number
  readonly bins: readonly number[]
}

const MAX_BINS = 16

export function lengthsOf(values: readonly number[]): Lengths {
  const sorted = Float64Array.from(values).sort()
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
  const longest = at(1)
  // Bins of a round width cover 99 % of the lengths; the last bin takes all longer ones.
  const width = roundUp((at(0.99) + 1) / (MAX_BINS - 1))
  const bins = new Array<number>(Math.min(MAX_BINS, Math.floor(longest / width) + 1)).fill(0)
  for (const value of values) bins[Math.min(bins.length - 1, Math.floor(value / width))]++
  const total = values.reduce((sum, value) => sum + value, 0)
  return { count: values.length, median: at(0.5), p95: at(0.95), longest, total, width, bins }
}

/** Rounds up to the next of 1, 2, 4, 5 or 8 times a power of ten. */
function roundUp(x: number): number {
  for (let ten = 1; ; ten *= 10) for (const step of [1, 2, 4, 5, 8]) if (step * ten >= x) return step * ten
}

export const countWords = (text: string): number => text.match(/\S+/gu)?.length ?? 0
