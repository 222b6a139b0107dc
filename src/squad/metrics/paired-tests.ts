/**
 * Two-sided significance tests for the difference between two models on the same questions. The null hypothesis is that
 * the models are interchangeable for each question.
 */
import { UsageError } from '../../errors.ts'
import { stirred } from './bootstrap.ts'

/**
 * The paired randomization test for any scores (Fisher 1935; Noreen 1989), which swaps the models at random. `a[i]` and
 * `b[i]` are scores for the same question. Returns the p-value.
 */
export function randomizationTest(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { seed = 42, resamples = 10_000 }: { readonly seed?: number; readonly resamples?: number } = {},
): number {
  if (a.length !== b.length)
    throw new UsageError(
      `paired test: ${a.length} and ${b.length} scores, expected the same number for the same questions`,
    )
  const differences = Float64Array.from(a, (score, i) => b[i] - score).filter((difference) => difference !== 0)
  const sum = differences.reduce((x, y) => x + y, 0)
  // The tolerance covers rounding errors of sums in different orders.
  const seen = Math.abs(sum) * (1 - 1e-9)
  let asLarge = 0
  for (let resample = 0; resample < resamples; resample++) {
    const key = stirred(stirred(seed) + resample)
    let drawn = 0
    for (let i = 0; i < differences.length; i++) drawn += stirred(key + i) & 1 ? differences[i] : -differences[i]
    if (Math.abs(drawn) >= seen) asLarge++
  }
  // The data count as one resample, because a finite number of draws cannot prove p = 0 (Davison and Hinkley 1997).
  return (1 + asLarge) / (1 + resamples)
}

/**
 * The exact McNemar test (1947) for binary results: questions that only one of the models answers correctly are treated
 * as coin tosses. Returns the p-value, equal to that of scipy's `binomtest(onlyA, onlyA + onlyB)`.
 */
export function mcNemarTest(onlyA: number, onlyB: number): number {
  const throws = onlyA + onlyB
  let logTerm = -throws * Math.LN2
  let tail = 0
  for (let heads = 0; heads <= Math.min(onlyA, onlyB); heads++) {
    tail += Math.exp(logTerm)
    logTerm += Math.log((throws - heads) / (heads + 1))
  }
  return Math.min(1, 2 * tail)
}
