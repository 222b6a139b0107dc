import type { Tensor } from '../graph/tensor.ts'
import { mul, neg } from '../ops/elementwise.ts'
import { logSoftmax, sumAll } from '../ops/reduce.ts'

/**
 * Cross-entropy against weighted targets: -sum target log softmax(logits), over the last axis of both.
 * A target holds the weight of its window at the right place and 0 elsewhere, so that the caller decides what is
 * averaged over, what is left out, and how the passes of one batch add up.
 */
export const crossEntropy = (logits: Tensor, target: Tensor): Tensor => neg(sumAll(mul(target, logSoftmax(logits))))
