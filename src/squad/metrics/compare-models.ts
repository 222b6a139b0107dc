import type { BootstrapDifference } from './bootstrap.ts'

/** A difference with its interval and p-value. */
export interface PairedDifference extends BootstrapDifference {
  readonly p_value: number
}

/**
 * Describes the comparison of two models: "B is better than A by 1.3 F1, 95 % interval 0.4 to 2.2", or that there is no
 * significant difference. That is the case if the interval contains 0 or the p-value is too high; the test is needed
 * because the interval is too narrow for few questions. Scores are percentages.
 */
export function comparisonSentence(
  [a, b]: readonly [string, string],
  metric: string,
  { difference, low, high, p_value }: PairedDifference,
  confidence_level = 0.95,
): string {
  const share = `${Number((100 * confidence_level).toFixed(1))} % interval`
  if ((low <= 0 && high >= 0) || p_value >= 1 - confidence_level)
    return `no significant difference between ${b} and ${a}: ${signed(difference)} ${metric}, ${share} ${signed(low)} to ${signed(high)}`
  const [better, worse, sign] = difference > 0 ? [b, a, 1] : [a, b, -1]
  const [near, far] = [low, high].map((edge) => Math.abs(edge)).sort((x, y) => x - y)
  return `${better} is better than ${worse} by ${(sign * difference).toFixed(1)} ${metric}, ${share} ${near.toFixed(1)} to ${far.toFixed(1)}`
}

const signed = (x: number): string => `${x < 0 ? '-' : '+'}${Math.abs(x).toFixed(1)}`
