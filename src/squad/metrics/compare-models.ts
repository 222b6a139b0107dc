import type { BootstrapDifference } from './bootstrap.ts'

/** A difference, its interval, and how often chance alone would show one as large. */
export interface PairedDifference extends BootstrapDifference {
  readonly p_value: number
}

/**
 * "B is better than A by 1.3 F1, 95 % interval 0.4 to 2.2", or that no difference is shown: 0 lies inside the interval,
 * or, as with few questions the interval is too narrow, the test says so. Scores in per cent.
 */
export function comparisonSentence(
  [a, b]: readonly [string, string],
  metric: string,
  { difference, low, high, p_value }: PairedDifference,
  confidence_level = 0.95,
): string {
  const share = `${Number((100 * confidence_level).toFixed(1))} % interval`
  if ((low <= 0 && high >= 0) || p_value >= 1 - confidence_level)
    return `${b} and ${a} cannot be told apart: ${signed(difference)} ${metric}, ${share} ${signed(low)} to ${signed(high)}`
  const [better, worse, sign] = difference > 0 ? [b, a, 1] : [a, b, -1]
  const [near, far] = [low, high].map((edge) => Math.abs(edge)).sort((x, y) => x - y)
  return `${better} is better than ${worse} by ${(sign * difference).toFixed(1)} ${metric}, ${share} ${near.toFixed(1)} to ${far.toFixed(1)}`
}

const signed = (x: number): string => `${x < 0 ? '-' : '+'}${Math.abs(x).toFixed(1)}`
