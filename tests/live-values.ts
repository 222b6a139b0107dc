import { type Bindings, bindShape, elements } from '../src/graph/shape.ts'
import { type Graph, nodesOf, type Tensor } from '../src/graph/tensor.ts'

/**
 * Returns the maximum number of values in memory during a run of a graph that computes the nodes in order and frees
 * each tensor after its last use. Inputs and constants are not counted.
 */
export function mostLiveValues(graph: Graph, bindings: Bindings): number {
  const outputs = Object.values(graph)
  const nodes = nodesOf(outputs)
  const lastUse = new Map<Tensor, number>()
  for (const [i, { inputs, outputs }] of nodes.entries()) for (const x of [...inputs, ...outputs]) lastUse.set(x, i)
  for (const y of outputs) lastUse.set(y, nodes.indexOf((y.source as { node: (typeof nodes)[number] }).node))
  const sizeOf = ({ shape }: Tensor) => elements(bindShape(shape, bindings))
  const live = new Set<Tensor>()
  let [size, most] = [0, 0]
  for (const [i, node] of nodes.entries()) {
    for (const y of node.outputs) if (lastUse.has(y)) live.add(y)
    size = [...live].reduce((n, t) => n + sizeOf(t), 0)
    most = Math.max(most, size)
    for (const t of live) if (lastUse.get(t)! <= i) live.delete(t)
  }
  return most
}
