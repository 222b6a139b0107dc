import { SpanforgeError } from '../errors.ts'
import { formatShape, product, type Shape } from '../graph/shape.ts'
import { apply, constant, type Op, type Tensor } from '../graph/tensor.ts'

const Reshape: Op = {
  type: 'Reshape',
  gradient: (dy, { inputs: [x] }) => [reshape(dy, x.shape), null],
}

/** Returns the same elements in the same order with another shape. At most one named dimension may be new. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const fail = (why: string) =>
    new SpanforgeError(`Reshape: ${formatShape(x.shape)} cannot become ${formatShape(shape)}: ${why}`)
  if (product(x.shape) !== product(shape)) throw fail(`${product(x.shape)} elements do not equal ${product(shape)}`)
  // ONNX keeps the size of the input's axis for 0 and infers the size for -1.
  const target = shape.map((d, i) => (typeof d === 'number' ? d : d === x.shape[i] ? 0 : -1))
  if (target.filter((d) => d === -1).length > 1) throw fail('more than one size would have to be inferred at run time')
  if (formatShape(shape) === formatShape(x.shape)) return x
  const type = { shape, dtype: x.dtype }
  return apply(Reshape, [x, constant(target, [target.length], 'int64')], type)
}

const Transpose: Op = {
  type: 'Transpose',
  gradient: (dy, { attributes: { perm } }) => [transpose(dy, invert(perm as readonly number[]))],
}
const invert = (perm: readonly number[]) => perm.map((_, i) => perm.indexOf(i))

/** Permutes axes: axis i of the result is axis perm[i] of x. */
export function transpose(x: Tensor, perm: readonly number[]): Tensor {
  if (perm.length !== x.shape.length || invert(perm).includes(-1))
    throw new SpanforgeError(`Transpose: [${perm}] is not a permutation of the axes of ${formatShape(x.shape)}`)
  return apply(Transpose, [x], { shape: perm.map((axis) => x.shape[axis]), dtype: x.dtype }, { perm })
}
