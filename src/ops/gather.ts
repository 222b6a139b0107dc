import { SpanforgeError } from '../errors.ts'
import { formatShape, product } from '../graph/shape.ts'
import { apply, type Op, type Tensor } from '../graph/tensor.ts'
import { reshape } from './movement.ts'

// The gradient of a table is returned as the gradient of the gathered rows; see embedding in nn/layers.ts.
const Gather: Op = { type: 'Gather', gradient: () => [null, null] }

/** Looks up rows of a table: [n, width] at index [...] -> [..., width]. No gradient flows to the table. */
export function gatherRows(table: Tensor, index: Tensor): Tensor {
  if (table.shape.length !== 2) throw new SpanforgeError(`Gather: expected a matrix, found ${table}`)
  return apply(Gather, [table, index], { shape: [...index.shape, table.shape[1]], dtype: table.dtype }, { axis: 0 })
}

/** Two arrangements of the same rows. `places` contains the source row of each place; `tokens` is its inverse. */
export interface Layout {
  readonly places: Tensor
  readonly tokens: Tensor
}

const PermuteRows: Op = {
  type: 'PermuteRows',
  domain: 'spanforge',
  lower: ({ inputs: [x, index, inverse] }) => [
    gatherRows(reshape(x, [product(inverse.shape), x.shape.at(-1)!]), index),
  ],
  gradient: (dy, { inputs: [, index, inverse] }) => [permuteRows(dy, inverse, index), null, null],
}

/**
 * Rearranges rows: x [...from, width] at `index` [...to] -> [...to, width]. `inverse` [...from] contains the
 * destination of each row of x.
 *
 * The gradient is the inverse rearrangement and needs no scatter operation. This is correct only if places that are not
 * in `inverse` have no gradient, such as padding that is masked wherever it could affect the result.
 */
export function permuteRows(x: Tensor, index: Tensor, inverse: Tensor): Tensor {
  const width = x.shape.at(-1)!
  if (formatShape(x.shape.slice(0, -1)) !== formatShape(inverse.shape))
    throw new SpanforgeError(`permuteRows: rows ${formatShape(x.shape)} do not match the inverse index ${inverse}`)
  return apply(PermuteRows, [x, index, inverse], { shape: [...index.shape, width], dtype: x.dtype })
}
