import { SpanforgeError } from '../errors.ts'
import { formatShape } from '../graph/shape.ts'
import { apply, type Op, type Tensor } from '../graph/tensor.ts'
import { mul, neg, sub } from './elementwise.ts'
import { sum, sumAll } from './reduce.ts'

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

const CrossEntropyGradient: Op = {
  type: 'CrossEntropyGradient',
  domain: 'spanforge',
  // With t the targets:   d logits = dy (softmax(logits) sum_j t_j - t)
  lower({ inputs: [dy, logits, target] }) {
    const share = mul(neg(dy), target)
    return [sub(share, mul(softmax(logits), sum(share, [-1])))]
  },
}

const CrossEntropy: Op = {
  type: 'CrossEntropy',
  domain: 'spanforge',
  lower: ({ inputs: [logits, target] }) => [neg(sumAll(mul(target, logSoftmax(logits))))],
  gradient: (dy, { inputs: [logits, target] }) => [
    apply(CrossEntropyGradient, [dy, logits, target], logits),
    mul(neg(dy), logSoftmax(logits)),
  ],
}

/**
 * Cross-entropy with weighted targets: -sum target log softmax(logits), over the last axis, as a scalar. A target row
 * contains the weight of its window at the correct position and 0 elsewhere, so the caller controls the averaging,
 * excludes windows, and can add up the passes of a batch.
 */
export function crossEntropy(logits: Tensor, target: Tensor): Tensor {
  if (formatShape(logits.shape) !== formatShape(target.shape))
    throw new SpanforgeError(`CrossEntropy: the shape of ${target} does not match ${logits}`)
  return apply(CrossEntropy, [logits, target], { shape: [], dtype: logits.dtype })
}
