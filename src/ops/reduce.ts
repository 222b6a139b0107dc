import { SpanforgeError } from '../errors.ts'
import { formatShape } from '../graph/shape.ts'
import { apply, constant, type Op, type Tensor } from '../graph/tensor.ts'
import { add, mul } from './elementwise.ts'

const ReduceSum: Op = {
  type: 'ReduceSum',
  // y = sum x   =>   dx = dy, repeated along the summed axes; x * 0 + dy has that shape for all
  // sizes
  gradient: (dy, { inputs: [x] }) => [add(mul(x, 0), dy), null],
}

/** Sums over the given axes and keeps them with size 1, so that results broadcast against x. */
export function sum(x: Tensor, axes: readonly number[]): Tensor {
  const rank = x.shape.length
  const positive = axes.map((axis) => (axis < 0 ? axis + rank : axis))
  const wrong = positive.find((axis) => axis < 0 || axis >= rank)
  if (wrong !== undefined) throw new SpanforgeError(`ReduceSum: ${formatShape(x.shape)} has no axis ${wrong}`)
  const shape = x.shape.map((d, i) => (positive.includes(i) ? 1 : d))
  const operands = [x, constant(positive, [positive.length], 'int64')]
  return apply(ReduceSum, operands, { shape, dtype: x.dtype }, { keepdims: 1 })
}

const SumAll: Op = { type: 'ReduceSum', gradient: (dy, { inputs: [x] }) => [add(mul(x, 0), dy)] }

/** Sums all elements to a scalar. */
export const sumAll = (x: Tensor): Tensor => apply(SumAll, [x], { shape: [], dtype: x.dtype }, { keepdims: 0 })
