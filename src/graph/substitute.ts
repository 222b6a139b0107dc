import { SpanforgeError } from '../errors.ts'
import { formatShape } from './shape.ts'
import { createNode, type Graph, type Node, nodeInputs, type Tensor, topologicalOrder } from './tensor.ts'

/**
 * Returns `outputs` as they would be with other tensors in place of the keys of `replacements`. Nodes that do not depend on
 * any of them stay the same.
 */
export function substitute(outputs: readonly Tensor[], replacements: ReadonlyMap<Tensor, Tensor>): readonly Tensor[] {
  const replaced = new Map(replacements)
  const nodes = new Map<Node, Node>()
  const remake = (node: Node): Node => {
    const inputs = node.inputs.map((x) => replaced.get(x)!)
    const isSame = inputs.every((x, i) => x === node.inputs[i])
    return isSame ? node : createNode(node.op, inputs, node.outputs, node.attributes)
  }
  for (const t of topologicalOrder(outputs, (t) => (replacements.has(t) ? [] : nodeInputs(t)))) {
    const { source } = t
    if (replaced.has(t)) continue
    if (source.kind !== 'node') replaced.set(t, t)
    else {
      if (!nodes.has(source.node)) nodes.set(source.node, remake(source.node))
      replaced.set(t, nodes.get(source.node)!.outputs[source.output])
    }
  }
  return outputs.map((t) => replaced.get(t)!)
}

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
