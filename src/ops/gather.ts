import { SpanforgeError } from '../errors.ts'
import { formatShape, product } from '../graph/shape.ts'
import { apply, type Op, type Tensor } from '../graph/tensor.ts'
import { reshape } from './movement.ts'

// The gradient of a table leaves the graph as the gradient of the gathered rows: see embedding in nn/layers.ts.
const Gather: Op = { type: 'Gather', gradient: () => [null, null] }

/** Rows of a table: [n, width] at index [...] -> [..., width]. No gradient flows to the table. */
export function gatherRows(table: Tensor, index: Tensor): Tensor {
  if (table.shape.length !== 2) throw new SpanforgeError(`Gather: wants a matrix, got ${table}`)
  return apply(Gather, [table, index], { shape: [...index.shape, table.shape[1]], dtype: table.dtype }, { axis: 0 })
}

/** Two ways to lay out the same rows. `places` says where each place's row is; `tokens`, its inverse, where each row went. */
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
 * Lays rows out anew: x [...from, width] at `index` [...to] -> [...to, width], where `inverse` [...from] says for each
 * row of x where it went.
 *
 * The gradient is the same operation the other way round, without any scattering. That holds if every place that
 * `inverse` does not name carries no gradient: padding that is masked wherever it could matter.
 */
export function permuteRows(x: Tensor, index: Tensor, inverse: Tensor): Tensor {
  const width = x.shape.at(-1)!
  if (formatShape(x.shape.slice(0, -1)) !== formatShape(inverse.shape))
    throw new SpanforgeError(`permuteRows: rows ${formatShape(x.shape)} do not fit the inverse index ${inverse}`)
  return apply(PermuteRows, [x, index, inverse], { shape: [...index.shape, width], dtype: x.dtype })
}
