import type { Row } from '../../batching/pack.ts'
import { PADDED_SIGNATURE } from '../../batching/padded-logits.ts'
import type { WindowLogits } from '../../squad/answers/document-logits.ts'

/** How much logits differ from the expected ones. */
export interface LogitError {
  /** Largest absolute difference. */
  readonly max: number
  /** Mean absolute difference. */
  readonly mean: number
  /** Root mean square of the differences, relative to that of the expected logits. */
  readonly relative: number
}

/** Compares the logits of real tokens. Those of padding are undefined. */
export function logitError(
  rows: readonly Pick<Row, 'attended'>[],
  found: readonly WindowLogits[],
  expected: readonly WindowLogits[],
): LogitError {
  let [max, sum, squares, total, count] = [0, 0, 0, 0, 0]
  for (const [r, { attended }] of rows.entries())
    for (const side of PADDED_SIGNATURE.outputs)
      for (let i = 0; i < attended; i++) {
        const difference = Math.abs(found[r][side][i] - expected[r][side][i])
        // NaN stays NaN.
        max = Math.max(max, difference)
        sum += difference
        squares += difference ** 2
        total += expected[r][side][i] ** 2
        count++
      }
  return { max, mean: sum / count, relative: Math.sqrt(squares / total) }
}
