import { SpanforgeError } from '../errors.ts'
import { formatShape } from '../graph/shape.ts'
import { apply, constant, type Op, type Tensor } from '../graph/tensor.ts'
import { add, mul, sub } from './elementwise.ts'

const ReduceSum: Op = {
  type: 'ReduceSum',
  // y = sum x   =>   dx = dy, repeated along the summed axes: x * 0 + dy has that shape whatever the sizes are.
  gradient: (dy, { inputs: [x] }) => [add(mul(x, 0), dy), null],
}

/** Sums over the given axes, which stay as size 1, so that results broadcast back without bookkeeping. */
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

/** The sum of all elements, as a scalar. */
export const sumAll = (x: Tensor): Tensor => apply(SumAll, [x], { shape: [], dtype: x.dtype }, { keepdims: 0 })

const Softmax: Op = {
  type: 'Softmax',
  // y_i = e^x_i / sum_j e^x_j   =>   dx = y (dy - sum_j dy_j y_j)
  gradient: (dy, { outputs: [y] }) => [mul(y, sub(dy, sum(mul(dy, y), [-1])))],
}

/** Over the last axis. */
export const softmax = (x: Tensor): Tensor => apply(Softmax, [x], x, { axis: -1 })

const LogSoftmax: Op = {
  type: 'LogSoftmax',
  // y = x - log sum_j e^x_j   =>   dx = dy - softmax(x) sum_j dy_j
  gradient: (dy, { inputs: [x] }) => [sub(dy, mul(softmax(x), sum(dy, [-1])))],
}

/** Over the last axis. */
export const logSoftmax = (x: Tensor): Tensor => apply(LogSoftmax, [x], x, { axis: -1 })
