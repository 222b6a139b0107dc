import { SpanforgeError } from '../errors.ts'
import { apply, type Op, type Tensor } from '../graph/tensor.ts'
import { add, mul, neg, sub } from './elementwise.ts'
import { concat, split } from './split.ts'

const Rotary: Op = {
  type: 'Rotary',
  domain: 'spanforge',
  // Element i of the first half and element i of the second are the coordinates of a point, turned by angle i:
  //   (a, b) -> (a cos - b sin, b cos + a sin)
  lower({ inputs: [x, cos, sin] }) {
    const half = (x.shape.at(-1) as number) / 2
    const [a, b] = split(x, [half, half])
    return [concat([sub(mul(a, cos), mul(b, sin)), add(mul(b, cos), mul(a, sin))])]
  },
  // The transpose of a rotation is the rotation back.
  gradient: (dy, { inputs: [, cos, sin] }) => [rotary(dy, cos, neg(sin)), null, null],
}

/**
 * Rotary position embedding (Su et al. 2021) of x [..., size] by angles whose cosines and sines [..., size / 2] are given.
 * No gradient flows to the angles.
 */
export function rotary(x: Tensor, cos: Tensor, sin: Tensor): Tensor {
  const size = x.shape.at(-1)
  if ([cos, sin].some((angles) => size !== 2 * (angles.shape.at(-1) as number)))
    throw new SpanforgeError(`Rotary: ${cos} and ${sin} are not the angles of half of ${x}`)
  return apply(Rotary, [x, cos, sin], x)
}
