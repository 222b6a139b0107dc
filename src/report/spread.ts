/** Mean and range of the scores of runs that differ only in their seeds. */
import { decimal } from './format.ts'

/** Arguments that may differ between repetitions of the same configuration. */
export const SEEDS: readonly string[] = ['seed', 'data_seed']

export interface Spread {
  readonly mean: number
  readonly lowest: number
  readonly highest: number
  readonly count: number
}

/** Mean and range of the finite numbers among the values; undefined if there are none. */
export function spreadOf(values: readonly unknown[]): Spread | undefined {
  const numbers = values.filter((value) => typeof value === 'number' && Number.isFinite(value)) as number[]
  if (numbers.length === 0) return undefined
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length
  return { mean, lowest: Math.min(...numbers), highest: Math.max(...numbers), count: numbers.length }
}

/** Formats mean and range: '46.00 (44.20 to 47.10)', or just the number if there is only one. */
export function spreadText(values: readonly unknown[], digits = 2): string {
  const spread = spreadOf(values)
  if (!spread) return '-'
  const { mean, lowest, highest, count } = spread
  const range = count > 1 ? ` (${decimal(lowest, digits)} to ${decimal(highest, digits)})` : ''
  return `${decimal(mean, digits)}${range}`
}
