import { makeNode, type Node, nodeInputs, type Tensor, topologicalOrder } from './tensor.ts'

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
    return isSame ? node : makeNode(node.op, inputs, node.outputs, node.attributes)
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
