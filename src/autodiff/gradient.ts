import { SpanforgeError } from '../errors.ts'
import { formatShape, type Shape } from '../graph/shape.ts'
import { constant, type Node, nodeInputs, type Tensor, topologicalOrder } from '../graph/tensor.ts'
import { after } from '../ops/after.ts'
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
  return backward(loss, constant([1], []), wrt).map((dx, i) => {
    return dx ?? rejectWithoutGradient(loss, wrt[i])
  })
}

function rejectWithoutGradient(loss: Tensor, x: Tensor): never {
  const ends: string[] = []
  backward(loss, constant([1], []), [x], undefined, ({ op: { type } }, i, operand) =>
    ends.push(`${type} has no gradient for its operand ${i} (${operand})`),
  )
  if (ends.length === 0) throw new SpanforgeError(`gradient: the loss does not depend on ${x}`)
  throw new SpanforgeError(
    `gradient: the loss depends on ${x}, but no gradient reaches it: ${new Intl.ListFormat('en').format(new Set(ends))}`,
    { remedy: 'Add it to the gradient rule of the operator, or use other operators.' },
  )
}

/** Called where gradients end: with an operator that returns none for an operand that depends on a tensor in `wrt`. */
type OnEnd = (node: Node, i: number, operand: Tensor) => void

/**
 * Turns the gradient of y into gradients with respect to each tensor in `wrt`, or null for those that it does not
 * depend on. Stops at the tensors in `until`.
 */
export function backward(
  y: Tensor,
  dy: Tensor,
  wrt: readonly Tensor[],
  until: ReadonlySet<Tensor> = new Set(),
  onEnd?: OnEnd,
): (Tensor | null)[] {
  const operands = (t: Tensor) => (until.has(t) ? [] : nodeInputs(t))
  const order = topologicalOrder([y], operands)
  const needed = new Set<Tensor>(wrt)
  for (const t of order) if (operands(t).some((x) => needed.has(x))) needed.add(t)

  const gradients = new Map<Tensor, Tensor>([[y, dy]])
  const first = firstResults(order)
  for (const t of order.reverse()) {
    if (!needed.has(t) || operands(t).length === 0) continue
    const shares = sharesOf(t, gradients, first)
    for (const [i, x] of operands(t).entries()) {
      const share = shares[i]
      if (share === null && needed.has(x) && t.source.kind === 'node') onEnd?.(t.source.node, i, x)
      if (!share || !needed.has(x)) continue
      const dx = sumToShape(share, x.shape, t)
      const sofar = gradients.get(x)
      gradients.set(x, sofar ? add(sofar, dx) : dx)
    }
    if (t.source.kind === 'node' && t.source.node.op.weightsFirst) putWeightsFirst(operands(t), gradients)
  }
  return wrt.map((x) => gradients.get(x) ?? null)
}

/** Makes the gradients of computed operands wait until the gradients of weights are accumulated. */
function putWeightsFirst(operands: readonly Tensor[], gradients: Map<Tensor, Tensor>): void {
  const isComputed = ({ source }: Tensor) => source.kind === 'node'
  const sums = operands.flatMap((x) => (isComputed(x) ? [] : (gradients.get(x) ?? [])))
  for (const x of sums.length > 0 ? operands.filter(isComputed) : []) {
    const dx = gradients.get(x)
    if (dx) gradients.set(x, after(dx, sums))
  }
}

/** The first result of each operator in the order of computation: going backwards, all others come before it. */
function firstResults(order: readonly Tensor[]): ReadonlyMap<Node, Tensor> {
  const first = new Map<Node, Tensor>()
  for (const t of order) if (t.source.kind === 'node' && !first.has(t.source.node)) first.set(t.source.node, t)
  return first
}

/**
 * Returns the gradients of the operands of y's operator: none if the loss does not use y, or if another result of the
 * operator will be visited later.
 */
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
