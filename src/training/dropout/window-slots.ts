import type { Pass } from '../../batching/passes.ts'
import type { Shape } from '../../graph/shape.ts'

/**
 * Describes where the values of one window are in a tensor of a pass: value j of part p of row i is at `at` + p *
 * `partStep` + i * `rowStep` + j.
 */
export interface WindowSlot {
  /** The window's place in the global batch of its step. */
  readonly place: number
  readonly rows: number
  readonly parts: number
  /** Number of values of the window itself in each row. Padding follows, up to `rowStep`. */
  readonly width: number
  readonly at: number
  readonly partStep: number
  readonly rowStep: number
}

/** The slot of a table that all windows of a step share, such as DeBERTa's of distances. */
const sharedSlot = ([rows, width]: readonly number[]): WindowSlot => ({
  ...{ place: 0, rows, parts: 1, width, at: 0, partStep: rows * width, rowStep: width },
})

/**
 * The slots of a pass's windows in a tensor [tokens, width] or [rows, heads, length, length] of the sizes `dims`, as `pack`
 * lays them out. A tensor with a fixed number of rows has a single slot.
 */
export function windowSlots(
  [first]: Shape,
  dims: readonly number[],
  { rows, places }: Pick<Pass, 'rows' | 'places'>,
): WindowSlot[] {
  if (typeof first === 'number') return [sharedSlot(dims)]
  const [, second, length] = dims
  let at = 0
  return rows.map(({ input_ids, attended }, r) => {
    const sizes =
      first === 'tokens'
        ? { rows: input_ids.length, parts: 1, width: second, rowStep: second }
        : { rows: length, parts: second, width: attended, rowStep: length }
    const partStep = sizes.rows * sizes.rowStep
    const slot = { place: places[r], ...sizes, at, partStep }
    at += sizes.parts * partStep
    return slot
  })
}
