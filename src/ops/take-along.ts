import { SpanforgeError } from '../errors.ts'
import { apply, constant, type Op, type Tensor } from '../graph/tensor.ts'
import { mul } from './elementwise.ts'
import { concat } from './split.ts'

const Shape: Op = { type: 'Shape' }
const Expand: Op = { type: 'Expand' }
const GatherElements: Op = { type: 'GatherElements' }
const ScatterElements: Op = { type: 'ScatterElements' }

/** The index [m, k], repeated along the leading axes of x [..., m, n]. */
function repeated(index: Tensor, x: Tensor): Tensor {
  const lead = x.shape.length - 2
  const sizes = apply(Shape, [x], { shape: [lead], dtype: 'int64' }, { start: 0, end: lead })
  const shape = concat([sizes, constant([1, 1], [2], 'int64')])
  return apply(Expand, [index, shape], { shape: [...x.shape.slice(0, -2), ...index.shape], dtype: index.dtype })
}

/** dx is dy, added up where the index took it from. */
const TakeAlongGradient: Op = {
  type: 'TakeAlongGradient',
  domain: 'spanforge',
  lower: ({ inputs: [dy, x, index] }) => [
    apply(ScatterElements, [mul(x, 0), repeated(index, x), dy], x, { axis: -1, reduction: 'add' }),
  ],
}

const TakeAlong: Op = {
  type: 'TakeAlong',
  domain: 'spanforge',
  lower: ({ inputs: [x, index], outputs: [y] }) => [apply(GatherElements, [x, repeated(index, x)], y, { axis: -1 })],
  gradient: (dy, { inputs: [x, index] }) => [apply(TakeAlongGradient, [dy, x, index], x), null],
}

/** Element j of row i is element index[i, j] of row i of x: x [..., m, n] at index [m, k] -> [..., m, k]. */
export function takeAlong(x: Tensor, index: Tensor): Tensor {
  if (index.shape.length !== 2 || x.shape.length < 3 || x.shape.at(-2) !== index.shape[0])
    throw new SpanforgeError(`TakeAlong: the index ${index} does not fit the rows of ${x}`)
  return apply(TakeAlong, [x, index], { shape: [...x.shape.slice(0, -1), index.shape[1]], dtype: x.dtype })
}
