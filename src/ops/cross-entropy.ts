import { SpanforgeError } from '../errors.ts'
import { formatShape } from '../graph/shape.ts'
import { apply, type Op, type Tensor } from '../graph/tensor.ts'
import { mul, neg, sub } from './elementwise.ts'
import { sum, sumAll } from './reduce.ts'
import { logSoftmax, softmax } from './softmax.ts'

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
 * Cross-entropy against weighted targets: -sum target log softmax(logits), over the last axis of both, as a scalar.
 * A target holds the weight of its window at the right place and 0 elsewhere, so that the caller decides what is
 * averaged over, what is left out, and how the passes of one batch add up.
 */
export function crossEntropy(logits: Tensor, target: Tensor): Tensor {
  if (formatShape(logits.shape) !== formatShape(target.shape))
    throw new SpanforgeError(`CrossEntropy: ${target} does not fit ${logits}`)
  return apply(CrossEntropy, [logits, target], { shape: [], dtype: logits.dtype })
}
