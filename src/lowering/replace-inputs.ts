import { SpanforgeError } from '../errors.ts'
import { formatShape } from '../graph/shape.ts'
import { substitute } from '../graph/substitute.ts'
import { type Graph, type Tensor, topologicalOrder } from '../graph/tensor.ts'

/**
 * Replaces inputs of a graph by other tensors, by name. For example, replacing weights by constants creates a graph
 * that contains its weights.
 */
export function replaceInputs(graph: Graph, values: Readonly<Record<string, Tensor>>): Graph {
  const outputs = Object.values(graph)
  const replaced = new Map<Tensor, Tensor>()
  for (const t of topologicalOrder(outputs))
    if (t.source.kind === 'input' && Object.hasOwn(values, t.source.name))
      replaced.set(t, checked(t.source.name, t, values[t.source.name]))
  const results = substitute(outputs, replaced)
  return Object.fromEntries(Object.keys(graph).map((name, i) => [name, results[i]]))
}

function checked(name: string, t: Tensor, value: Tensor): Tensor {
  if (value.dtype !== t.dtype || formatShape(value.shape) !== formatShape(t.shape))
    throw new SpanforgeError(`input ${name}: found ${value}, expected ${t.dtype} ${formatShape(t.shape)}`)
  return value
}
