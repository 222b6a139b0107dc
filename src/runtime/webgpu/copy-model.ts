import type { DType } from '../../graph/data.ts'
import { product } from '../../graph/shape.ts'
import { apply, constant, type Graph, input, type Tensor } from '../../graph/tensor.ts'
import { encodeModel } from '../../onnx/encode.ts'
import { toBytes } from '../../protobuf.ts'

const first = (y: Tensor): Tensor => {
  const flat = apply({ type: 'Reshape' }, [y, constant([-1], [1], 'int64')], {
    shape: [product(y.shape)],
    dtype: y.dtype,
  })
  return apply({ type: 'Gather' }, [flat, constant([0], [1], 'int32')], { shape: [1], dtype: y.dtype }, { axis: 0 })
}

const WITNESS = 'first element'

/**
 * Adds an output that does not stay on the device, if there is none. A run of a graph without such an output does not
 * wait for the device, and ONNX Runtime then never frees the uploaded inputs.
 */
export function withWitness(graph: Graph, stays: readonly string[]): Graph {
  if (Object.keys(graph).some((name) => !stays.includes(name))) return graph
  return { ...graph, [WITNESS]: first(Object.values(graph)[0]) }
}

/** Copies x, a value of `rank` axes, to y, on the device or the CPU. */
export function copyModel(direction: 'to' | 'from', dtype: DType, rank: number): Uint8Array {
  const x = input(
    'x',
    Array.from({ length: rank }, (_, axis) => `size${axis}`),
    dtype,
  )
  const y = apply({ type: 'Identity' }, [x], x)
  return toBytes(encodeModel(withWitness({ y }, direction === 'to' ? ['y'] : [])))
}
