import { apply, type Op, type Tensor } from '../graph/tensor.ts'
import { mul, sub } from './elementwise.ts'
import { sum } from './reduce.ts'

const SoftmaxGradient: Op = {
  type: 'SoftmaxGradient',
  domain: 'spanforge',
  // y_i = e^x_i / sum_j e^x_j   =>   dx = y (dy - sum_j dy_j y_j)
  lower: ({ inputs: [dy, y] }) => [mul(y, sub(dy, sum(mul(dy, y), [-1])))],
}

const Softmax: Op = {
  type: 'Softmax',
  gradient: (dy, { outputs: [y] }) => [apply(SoftmaxGradient, [dy, y], y)],
}

/** Softmax over the last axis. */
export const softmax = (x: Tensor): Tensor => apply(Softmax, [x], x, { axis: -1 })

const LogSoftmax: Op = {
  type: 'LogSoftmax',
  // y = x - log sum_j e^x_j   =>   dx = dy - softmax(x) sum_j dy_j
  gradient: (dy, { inputs: [x] }) => [sub(dy, mul(softmax(x), sum(dy, [-1])))],
}

/** Logarithm of the softmax over the last axis. */
export const logSoftmax = (x: Tensor): Tensor => apply(LogSoftmax, [x], x, { axis: -1 })
