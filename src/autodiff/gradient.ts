import { SpanforgeError } from '../errors.ts'
import { formatShape, type Shape } from '../graph/shape.ts'
import { constant, type Node, nodeInputs, type Tensor, topologicalOrder } from '../graph/tensor.ts'
import { add } from '../ops/elementwise.ts'
import { reshape } from '../ops/movement.ts'
import { sum } from '../ops/reduce.ts'

/**
 * Reverse-mode differentiation: returns the gradient of a scalar loss with respect to each tensor in `wrt`, as new
 * tensors of the same graph. Nodes are visited from the loss back to the inputs; each operator's rule turns the
 * gradient of its result into gradients of its operands. The gradients of a value used several times are added.
 */
export function gradient(loss: Tensor, wrt: readonly Tensor[]): Tensor[] {
  if (loss.shape.length !== 0) throw new SpanforgeError(`gradient: the loss must be a scalar, found ${loss}`)
  const order = topologicalOrder([loss])
  const needed = new Set<Tensor>(wrt)
  for (const t of order) if (nodeInputs(t).some((x) => needed.has(x))) needed.add(t)

  const gradients = new Map<Tensor, Tensor>([[loss, constant([1], [])]])
  const first = firstResults(order)
  for (const y of order.reverse()) {
    if (!needed.has(y) || nodeInputs(y).length === 0) continue
    const shares = sharesOf(y, gradients, first)
    for (const [i, x] of nodeInputs(y).entries()) {
      const share = shares[i]
      if (!share || !needed.has(x)) continue
      const dx = sumToShape(share, x.shape, y)
      const sofar = gradients.get(x)
      gradients.set(x, sofar ? add(sofar, dx) : dx)
    }
  }
  return wrt.map((x) => {
    const dx = gradients.get(x)
    if (!dx) throw new SpanforgeError(`gradient: the loss does not depend on ${x}`)
    return dx
  })
}

/** The first result of each operator in the order of computation: going backwards, all others come before it. */
function firstResults(order: readonly Tensor[]): ReadonlyMap<Node, Tensor> {
  const first = new Map<Node, Tensor>()
  for (const t of order) if (t.source.kind === 'node' && !first.has(t.source.node)) first.set(t.source.node, t)
  return first
}

/** What y's operator hands to each of its operands. Nothing if the loss does not use y, or another result is yet to come. */
function sharesOf(
  y: Tensor,
  gradients: ReadonlyMap<Tensor, Tensor>,
  first: ReadonlyMap<Node, Tensor>,
): readonly (Tensor | null)[] {
  if (y.source.kind !== 'node')
    throw new SpanforgeError(`gradient: ${y} has operands but is not the result of an operator`)
  const { node, output } = y.source
  if (node.op.gradients) {
    const dys = node.outputs.map((result) => gradients.get(result))
    return first.get(node) === y && dys.some(Boolean) ? node.op.gradients(dys, node) : []
  }
  const dy = gradients.get(y)
  if (!dy) return []
  if (!node.op.gradient) throw new SpanforgeError(`gradient: ${node.op.type} has no gradient rule (at ${y})`)
  if (output !== 0)
    throw new SpanforgeError(
      `gradient: only the first result of ${node.op.type} can be differentiated, not result ${output}`,
    )
  return node.op.gradient(dy, node)
}

/**
 * Reverses broadcasting by summing over the axes along which a value of `shape` was repeated. This is the only place
 * that does so.
 */
function sumToShape(dx: Tensor, shape: Shape, y: Tensor): Tensor {
  const lead = dx.shape.length - shape.length
  const repeated = dx.shape.flatMap((d, i) => (i < lead || (shape[i - lead] === 1 && d !== 1) ? [i] : []))
  const summed = repeated.length === 0 ? dx : sum(dx, repeated)
  const dropped = lead > 0 ? reshape(summed, shape) : summed
  if (lead < 0 || dropped.shape.some((d, i) => d !== shape[i]))
    throw new SpanforgeError(
      `gradient: the rule of ${y} returned ${formatShape(dx.shape)} for an operand of shape ${formatShape(shape)}`,
    )
  return dropped
}
