/** The results of benchmarks/adapt.ts as a table. */

import { bootstrapMean } from '../../src/squad/metrics/bootstrap.ts'
import { randomizationTest } from '../../src/squad/metrics/paired-tests.ts'

/** A fine-tuning with its results. */
export interface Cell {
  /** Number of labeled questions. */
  readonly size: number
  /** `plain`, or the style of the questions that the model was adapted with. */
  readonly side: string
  readonly seed: number
  readonly learning_rate: number
  readonly epochs: number
  readonly steps: number
  /** F1 on the questions that choose the learning rate. */
  readonly choosing_f1: number
  readonly exact_match: number
  readonly f1: number
  /** Exact match and F1 of each compared question, from 0 to 1: `0 0, 1 1, 0 0.6667`. */
  readonly scores: string
}

/** Prints EM and F1 of each side with its best learning rate, as means over seeds, with paired tests against `plain`. */
export function printTable(cells: readonly Cell[]): void {
  const row = (...cells: readonly string[]) => console.log(`| ${cells.join(' | ')} |`)
  row('questions', 'before fine-tuning', 'learning rate', 'EM', 'F1', 'difference in F1', 'p')
  row('--:', '---', '--:', '--:', '--:', '--:', '--:')
  for (const size of distinct(cells, (cell) => cell.size)) {
    const bySide = distinct(cells, (cell) => cell.side).map((side) =>
      best(cells.filter((cell) => cell.size === size && cell.side === side)),
    )
    const [plain] = bySide
    for (const side of bySide) {
      const difference = meanOf(side.f1) - meanOf(plain.f1)
      const { low, high } = bootstrapMean(side.f1.map((score, i) => score - plain.f1[i]))
      const compared = [
        `${signed(difference)} (${signed(low)} to ${signed(high)})`,
        randomizationTest(plain.f1, side.f1).toFixed(4),
      ]
      row(
        String(size),
        side.side === 'plain' ? 'nothing' : `adapt, ${side.side}`,
        side.learning_rate.toExponential(),
        meanOf(side.exact_match).toFixed(1),
        meanOf(side.f1).toFixed(1),
        ...(side === plain ? ['', ''] : compared),
      )
    }
  }
}

interface SideResult {
  readonly side: string
  readonly learning_rate: number
  /** Scores of each question in percent, as means over seeds. */
  readonly exact_match: Float64Array
  readonly f1: Float64Array
}

/** The learning rate with the best mean F1 over seeds on the questions that choose it. */
function best(cells: readonly Cell[]): SideResult {
  const rates = distinct(cells, (cell) => cell.learning_rate).map((rate) => {
    const own = cells.filter((cell) => cell.learning_rate === rate)
    return { own, choosing_f1: meanOf(own.map((cell) => cell.choosing_f1)) }
  })
  const { own } = rates.reduce((a, b) => (b.choosing_f1 > a.choosing_f1 ? b : a))
  const scores = own.map((cell) => cell.scores.split(', ').map((pair) => pair.split(' ').map(Number)))
  const scoresOf = (metric: 0 | 1) =>
    Float64Array.from(scores[0], (_, i) => 100 * meanOf(scores.map((ofCell) => ofCell[i][metric])))
  return { ...own[0], exact_match: scoresOf(0), f1: scoresOf(1) }
}

const distinct = <T>(cells: readonly Cell[], of: (cell: Cell) => T): T[] => [...new Set(cells.map(of))]

const meanOf = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0) / values.length

const signed = (x: number): string => `${x < 0 ? '-' : '+'}${Math.abs(x).toFixed(1)}`
