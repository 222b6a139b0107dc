import { SpanforgeError } from '../errors.ts'
import { formatShape } from '../graph/shape.ts'
import { type Graph, makeNode, type Node, type Tensor, topologicalOrder } from '../graph/tensor.ts'

/**
 * Replaces inputs of a graph by other tensors, by name. For example, replacing weights by constants creates a graph
 * that contains its weights.
 */
export function replaceInputs(graph: Graph, values: Readonly<Record<string, Tensor>>): Graph {
  const replaced = new Map<Tensor, Tensor>()
  const nodes = new Map<Node, Node>()
  const remake = (node: Node): Node => {
    const inputs = node.inputs.map((x) => replaced.get(x)!)
    const isSame = inputs.every((x, i) => x === node.inputs[i])
    return isSame ? node : makeNode(node.op, inputs, node.outputs, node.attributes)
  }
  for (const t of topologicalOrder(Object.values(graph))) {
    const { source } = t
    if (source.kind === 'input') replaced.set(t, replacement(source.name, t, values))
    else if (source.kind === 'constant') replaced.set(t, t)
    else {
      if (!nodes.has(source.node)) nodes.set(source.node, remake(source.node))
      replaced.set(t, nodes.get(source.node)!.outputs[source.output])
    }
  }
  return Object.fromEntries(Object.entries(graph).map(([name, t]) => [name, replaced.get(t)!]))
}

function replacement(name: string, t: Tensor, values: Readonly<Record<string, Tensor>>): Tensor {
  if (!Object.hasOwn(values, name)) return t
  const value = values[name]
  if (value.dtype !== t.dtype || formatShape(value.shape) !== formatShape(t.shape))
    throw new SpanforgeError(`input ${name}: found ${value}, expected ${t.dtype} ${formatShape(t.shape)}`)
  return value
}
