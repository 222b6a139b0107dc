import { SpanforgeError } from '../errors.ts'
import { formatShape } from '../graph/shape.ts'
import { apply, type Op, type Tensor } from '../graph/tensor.ts'
import { add, mul } from './elementwise.ts'

const Dropout: Op = {
  type: 'Dropout',
  domain: 'spanforge',
  lower: ({ inputs: [x, mask] }) => [mul(x, mask)],
  gradient: (dy, { inputs: [, mask] }) => [dropout(dy, mask), null],
}

/** What an engine can do in one pass over memory, or at the end of the product that makes x. */
const DropoutAdd: Op = {
  type: 'DropoutAdd',
  domain: 'spanforge',
  lower: ({ inputs: [x, mask, residual] }) => [add(mul(x, mask), residual)],
  gradient: (dy, { inputs: [, mask] }) => [dropout(dy, mask), null, dy],
}

/**
 * Dropout (Srivastava et al. 2014): x times a mask of its shape, which holds 0 or 1 / (1 - probability). Without a mask
 * nothing is dropped.
 */
export function dropout(x: Tensor, mask: Tensor | undefined): Tensor {
  if (!mask) return x
  checkShape('mask', mask, x)
  return apply(Dropout, [x, mask], x)
}

/** Dropout of x, added to what went around the layer. */
export function dropoutAdd(x: Tensor, mask: Tensor | undefined, residual: Tensor): Tensor {
  if (!mask) return add(x, residual)
  checkShape('mask', mask, x)
  checkShape('residual', residual, x)
  return apply(DropoutAdd, [x, mask, residual], x)
}

function checkShape(what: string, t: Tensor, x: Tensor): void {
  if (formatShape(t.shape) !== formatShape(x.shape)) throw new SpanforgeError(`Dropout: ${what} ${t} does not fit ${x}`)
}
