/**
 * Could the difference between two models that answered the same questions be chance? Both tests ask how often one as
 * large would be seen if for each question it were open which model is which; both are two-sided.
 */
import { UsageError } from '../../errors.ts'
import { stirred } from './stirred.ts'

/**
 * For scores of any kind, by drawing which model is which (the paired randomization test: Fisher 1935; Noreen 1989).
 * `a[i]` and `b[i]` are scores for the same question.
 */
export function randomizationTest(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { seed = 42, resamples = 10_000 }: { readonly seed?: number; readonly resamples?: number } = {},
): number {
  if (a.length !== b.length)
    throw new UsageError(
      `paired test: ${a.length} scores against ${b.length}, expected one each for the same questions`,
    )
  const differences = Float64Array.from(a, (score, i) => b[i] - score).filter((difference) => difference !== 0)
  const sum = differences.reduce((x, y) => x + y, 0)
  // Sums of the same numbers in another order differ in their last bits.
  const seen = Math.abs(sum) * (1 - 1e-9)
  let asLarge = 0
  for (let resample = 0; resample < resamples; resample++) {
    const key = stirred(stirred(seed) + resample)
    let drawn = 0
    for (let i = 0; i < differences.length; i++) drawn += stirred(key + i) & 1 ? differences[i] : -differences[i]
    if (Math.abs(drawn) >= seen) asLarge++
  }
  // The data themselves count as one resample: no finite number of draws proves p = 0 (Davison and Hinkley 1997).
  return (1 + asLarge) / (1 + resamples)
}

/**
 * For right and wrong, exactly (McNemar 1947): of the questions that only one model has right, each is a coin thrown.
 * The same p as scipy's `binomtest(onlyA, onlyA + onlyB)`.
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
