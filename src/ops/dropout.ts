import { SpanforgeError } from '../errors.ts'
import { formatShape } from '../graph/shape.ts'
import { type Attributes, apply, nodeInputs, type Op, scalar, type Tensor } from '../graph/tensor.ts'
import { after } from './after.ts'
import { add, mul } from './elementwise.ts'

const Dropout: Op = {
  type: 'Dropout',
  domain: 'spanforge',
  lower: ({ inputs: [x, mask] }) => [mul(x, mask)],
  gradient: (dy, { inputs: [, mask] }) => [dropout(dy, maskAgain(mask)), null],
}

/** An engine can fuse this into a single pass over memory, or into the matrix product that computes x. */
const DropoutAdd: Op = {
  type: 'DropoutAdd',
  domain: 'spanforge',
  lower: ({ inputs: [x, mask, residual] }) => [add(mul(x, mask), residual)],
  gradient: (dy, { inputs: [, mask] }) => [dropout(dy, maskAgain(mask)), null, dy],
}

const DequantizeLinear: Op = { type: 'DequantizeLinear', gradient: () => [null, null] }

/** The mask for `dropout` of what is kept: 1 / (1 - probability) where `kept`, of uint8, is 1, and 0 where it is 0. */
export const dropoutMask = (kept: Tensor, probability: number): Tensor =>
  scaledMask(kept, scalar(1 / (1 - probability)))

const scaledMask = (kept: Tensor, scale: Tensor, attributes?: Attributes): Tensor =>
  apply(DequantizeLinear, [kept, scale], { shape: kept.shape, dtype: 'float32' }, attributes)

export const isDropoutMask = ({ source }: Tensor): boolean =>
  source.kind === 'node' && source.node.op === DequantizeLinear

/** The same mask, scaled again after `others` are computed, so that its float32 values need not be kept until then. */
export function laterMask(mask: Tensor, others: readonly Tensor[]): Tensor {
  const [kept, scale] = nodeInputs(mask)
  return scaledMask(kept, after(scale, others))
}

/**
 * The same mask for a gradient, scaled again, so that its float32 values need not be kept for the backward pass. A mask
 * that is already scaled later is returned as it is. The axis does not matter for a single scale; it distinguishes the
 * two masks, which would otherwise be merged as duplicates.
 */
export function maskAgain(mask: Tensor): Tensor {
  const [kept, scale] = nodeInputs(mask)
  return isDropoutMask(mask) && scale.source.kind === 'constant' ? scaledMask(kept, scale, { axis: 0 }) : mask
}

/**
 * Dropout (Srivastava et al. 2014): multiplies x by a mask of the same shape whose values are 0 or 1 / (1 -
 * probability). Returns x if there is no mask.
 */
export function dropout(x: Tensor, mask: Tensor | undefined): Tensor {
  if (!mask) return x
  checkShape('mask', mask, x)
  return apply(Dropout, [x, mask], x)
}

/** Applies dropout to x and adds the residual connection. */
export function dropoutAdd(x: Tensor, mask: Tensor | undefined, residual: Tensor): Tensor {
  if (!mask) return add(x, residual)
  checkShape('mask', mask, x)
  checkShape('residual', residual, x)
  return apply(DropoutAdd, [x, mask, residual], x)
}

function checkShape(what: string, t: Tensor, x: Tensor): void {
  if (formatShape(t.shape) !== formatShape(x.shape))
    throw new SpanforgeError(`Dropout: the shape of ${what} ${t} does not match ${x}`)
}
