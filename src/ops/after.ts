import { apply, constant, type Op, type Tensor } from '../graph/tensor.ts'
import { add, cast, sub } from './elementwise.ts'
import { gatherRows } from './gather.ts'
import { sumAll } from './reduce.ts'

const Less: Op = { type: 'Less' }

/** Returns 0, but only after x was computed: neither a number nor NaN is less than itself. */
function zeroFrom(x: Tensor): Tensor {
  const some = sumAll(x.shape.length === 2 ? gatherRows(x, constant([0], [1], 'int32')) : x)
  return cast(apply(Less, [some, some], { shape: [], dtype: 'bool' }), 'float32')
}

const After: Op = {
  type: 'After',
  domain: 'spanforge',
  // x - 0 equals x bit for bit, also for -0.
  lower: ({ inputs: [x, ...others] }) => [sub(x, others.map(zeroFrom).reduce(add))],
}

/** x, for a computation that must not start before `others` are computed. */
export const after = (x: Tensor, others: readonly Tensor[]): Tensor => apply(After, [x, ...others], x)
