/**
 * Confidence intervals of scores by the percentile bootstrap (Efron 1979): the questions are resampled with replacement
 * many times, and the interval is taken from the resampled means. Models are compared on the same resamples (paired).
 */
import { UsageError } from '../../errors.ts'

export interface BootstrapOptions {
  readonly seed?: number
  readonly resamples?: number
  /** Share of the resampled means within the interval (default: 0.95). */
  readonly confidence_level?: number
}

export interface BootstrapMean {
  readonly mean: number
  readonly low: number
  readonly high: number
}

export interface BootstrapDifference {
  /** Mean of b minus mean of a. */
  readonly difference: number
  readonly low: number
  readonly high: number
}

/** Computes the mean of scores with its confidence interval. `scores` has one entry per question, in any unit. */
export function bootstrapMean(scores: ArrayLike<number>, options: BootstrapOptions = {}): BootstrapMean {
  const means = resampledMeans(scores, options)
  return { mean: mean(scores), ...interval(means, options.confidence_level) }
}

/** Computes how much better model b is than model a. `a[i]` and `b[i]` are their scores for the same question. */
export function bootstrapDifference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  options: BootstrapOptions = {},
): BootstrapDifference {
  if (a.length !== b.length)
    throw new UsageError(
      `bootstrap: ${a.length} and ${b.length} scores, expected the same number for the same questions`,
    )
  const differences = Float64Array.from(a, (score, i) => b[i] - score)
  const means = resampledMeans(differences, options)
  return { difference: mean(differences), ...interval(means, options.confidence_level) }
}

/** The resampled means in ascending order. */
function resampledMeans(scores: ArrayLike<number>, { seed = 42, resamples = 10_000 }: BootstrapOptions): Float64Array {
  if (scores.length === 0) throw new UsageError('bootstrap: no scores, expected at least one')
  if (!(resamples >= 1)) throw new UsageError(`bootstrap: resamples is ${resamples}, expected at least 1`)
  const values = Float64Array.from(scores)
  const means = new Float64Array(resamples)
  for (let resample = 0; resample < resamples; resample++) {
    const key = stirred(stirred(seed) + resample)
    let sum = 0
    for (let i = 0; i < values.length; i++) sum += values[Math.floor((stirred(key + i) / 2 ** 32) * values.length)]
    means[resample] = sum / values.length
  }
  return means.sort()
}

function interval(sorted: Float64Array, confidence_level = 0.95): { low: number; high: number } {
  if (!(confidence_level > 0 && confidence_level < 1))
    throw new UsageError(`bootstrap: confidence_level is ${confidence_level}, expected a share between 0 and 1`)
  const tail = (1 - confidence_level) / 2
  return { low: quantile(sorted, tail), high: quantile(sorted, 1 - tail) }
}

/** Quantile with linear interpolation, like numpy.quantile. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1)
  const below = Math.floor(place)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below] + (place - below) * (sorted[above] - sorted[below])
}

function mean(scores: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < scores.length; i++) sum += scores[i]
  return sum / scores.length
}

/** An integer's 32 bits well stirred, from 0 to 2^32 - 1 (the finalizer "lowbias32" of Wellons). */
export function stirred(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d)
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b)
  return (x ^ (x >>> 16)) >>> 0
}

/** A difference with its interval and p-value. */
export interface PairedDifference extends BootstrapDifference {
  readonly p_value: number
}

/**
 * Whether a difference is significant. It is not if the interval contains 0 or the p-value is too high; the test is
 * needed because the interval is too narrow for few questions.
 */
export const isSignificant = ({ low, high, p_value }: PairedDifference, confidence_level = 0.95): boolean =>
  (low > 0 || high < 0) && p_value < 1 - confidence_level

/**
 * Describes the comparison of two models: "B is better than A by 1.3 F1, 95 % interval 0.4 to 2.2", or that there is no
 * significant difference. Scores are percentages.
 */
export function comparisonSentence(
  [a, b]: readonly [string, string],
  metric: string,
  found: PairedDifference,
  confidence_level = 0.95,
): string {
  const { difference, low, high } = found
  const share = `${Number((100 * confidence_level).toFixed(1))} % interval`
  if (!isSignificant(found, confidence_level))
    return `no significant difference between ${b} and ${a}: ${signed(difference)} ${metric}, ${share} ${signed(low)} to ${signed(high)}`
  const [better, worse, sign] = difference > 0 ? [b, a, 1] : [a, b, -1]
  const [near, far] = [low, high].map((edge) => Math.abs(edge)).sort((x, y) => x - y)
  return `${better} is better than ${worse} by ${(sign * difference).toFixed(1)} ${metric}, ${share} ${near.toFixed(1)} to ${far.toFixed(1)}`
}

const signed = (x: number): string => `${x < 0 ? '-' : '+'}${Math.abs(x).toFixed(1)}`

/** Exact match and F1 of one question, each in [0, 1]. */
type Score = Readonly<Record<'exact_match' | 'f1', number>>

export type Interval = readonly [low: number, high: number]

/** The 95 % bootstrap intervals of an evaluation's exact match and F1, in percent. */
export interface ScoreIntervals {
  readonly exact_match: Interval
  readonly f1: Interval
}

/** The scores of all questions by one metric, in percent. */
export const inPercent = (scores: readonly Score[], metric: keyof Score): Float64Array =>
  Float64Array.from(scores, (score) => 100 * score[metric])

/** The bootstrap interval of a metric's mean. */
export function intervalOf(scores: readonly Score[], metric: keyof Score, level = 0.95): Interval {
  const { low, high } = bootstrapMean(inPercent(scores, metric), { confidence_level: level })
  return [low, high]
}

export const scoreIntervals = (scores: readonly Score[]): ScoreIntervals => ({
  exact_match: intervalOf(scores, 'exact_match'),
  f1: intervalOf(scores, 'f1'),
})
