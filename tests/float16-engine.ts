import { applyAll, constant, type Graph, type Node, type Tensor, topologicalOrder } from '../src/graph/tensor.ts'
import { inFloat16 } from '../src/lowering/float16.ts'
import { lower, plainOnnx } from '../src/lowering/lower.ts'
import { cast } from '../src/ops/elementwise.ts'
import type { Engine } from '../src/runtime/engine.ts'
import { defaultEngine } from '../src/runtime/registry.ts'

/**
 * The default engine, which emulates float16: it computes the graph for float16 in float32 and rounds each value that
 * would be float16 with a pair of casts. ONNX Runtime itself does not round products of float16 on a CPU.
 */
export const float16Engine: Engine = {
  ...defaultEngine,
  precisions: ['float32', 'float16'],
  compile: (graph, { precision, ...options } = {}) =>
    defaultEngine.compile(precision === 'float16' ? emulated(lower(graph, inFloat16(plainOnnx))) : graph, options),
}

/** Replaces float16 values of a graph by float32 values that are rounded to float16. */
function emulated(graph: Graph): Graph {
  const nodes = new Map<Node, readonly Tensor[]>()
  const replaced = new Map<Tensor, Tensor>()
  const replacement = (t: Tensor): Tensor => {
    const { source } = t
    if (source.kind === 'constant' && t.dtype === 'float16')
      return cast(constant(source.data, [], 'float16'), 'float32')
    if (source.kind !== 'node') return t
    if (!nodes.has(source.node))
      nodes.set(
        source.node,
        inFloat32(source.node, (x) => replaced.get(x)!),
      )
    return nodes.get(source.node)![source.output]
  }
  for (const t of topologicalOrder(Object.values(graph))) replaced.set(t, replacement(t))
  return Object.fromEntries(Object.entries(graph).map(([name, t]) => [name, replaced.get(t)!]))
}

function inFloat32(node: Node, replaced: (x: Tensor) => Tensor): readonly Tensor[] {
  const inputs = node.inputs.map(replaced)
  const isCast = node.op.type === 'Cast' && [node.inputs[0], node.outputs[0]].some(({ dtype }) => dtype === 'float16')
  const types = node.outputs.map(
    ({ shape, dtype }) => ({ shape, dtype: dtype === 'float16' ? 'float32' : dtype }) as const,
  )
  const results = isCast ? inputs : applyAll(node.op, inputs, types, node.attributes)
  return results.map((y, i) => (node.outputs[i].dtype === 'float16' ? cast(cast(y, 'float16'), 'float32') : y))
}
