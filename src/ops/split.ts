import { SpanforgeError } from '../errors.ts'
import { formatShape } from '../graph/shape.ts'
import { apply, applyAll, constant, type Op, type Tensor } from '../graph/tensor.ts'
import { mul } from './elementwise.ts'

const width = (x: Tensor): number => {
  const last = x.shape.at(-1)
  if (typeof last !== 'number') throw new SpanforgeError(`the last axis of ${x} has no fixed size`)
  return last
}

const Split: Op = {
  type: 'Split',
  hasAllResults: true,
  gradients: (dys, { outputs }) => [concat(dys.map((dy, i) => dy ?? mul(outputs[i], 0))), null],
}

/** Cuts the last axis of x into parts of these sizes. */
export function split(x: Tensor, sizes: readonly number[]): readonly Tensor[] {
  if (sizes.reduce((total, size) => total + size, 0) !== width(x))
    throw new SpanforgeError(`Split: parts of ${sizes.join(' and ')} do not make up ${formatShape(x.shape)}`)
  const types = sizes.map((size) => ({ shape: [...x.shape.slice(0, -1), size], dtype: x.dtype }))
  return applyAll(Split, [x, constant(sizes, [sizes.length], 'int64')], types, { axis: -1 })
}

const Concat: Op = {
  type: 'Concat',
  gradient: (dy, { inputs }) => split(dy, inputs.map(width)),
}

/** Joins tensors along their last axis. */
export function concat(parts: readonly Tensor[]): Tensor {
  const [first] = parts
  const rows = (x: Tensor) => formatShape(x.shape.slice(0, -1))
  const other = parts.find((x) => rows(x) !== rows(first))
  if (other) throw new SpanforgeError(`Concat: ${other} does not fit ${first}`)
  const size = parts.reduce((total, x) => total + width(x), 0)
  return apply(Concat, parts, { shape: [...first.shape.slice(0, -1), size], dtype: first.dtype }, { axis: -1 })
}
