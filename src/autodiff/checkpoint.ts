/** Gradient checkpointing (Chen et al. 2016): the backward pass recomputes values that the forward pass does not keep. */
import { substitute } from '../graph/substitute.ts'
import { apply, nodeInputs, type Op, type Tensor, topologicalOrder } from '../graph/tensor.ts'
import { after } from '../ops/after.ts'
import { isDropoutMask, laterMask } from '../ops/dropout.ts'
import { backward } from './gradient.ts'

const Checkpoint: Op = {
  type: 'Checkpoint',
  domain: 'spanforge',
  lower: ({ inputs: [y] }) => [y],
  // Otherwise, recomputed values would be kept until the gradients of the weights are computed.
  weightsFirst: true,
  gradient(dy, { inputs: [y, ...operands], attributes }) {
    const from = operands.slice(0, attributes.from as number)
    const later = new Map(from.map((x) => [x, after(x, [dy])]))
    for (const t of segment(y, from)) if (isDropoutMask(t)) later.set(t, laterMask(t, [dy]))
    const [again] = substitute([y], later)
    const wrt = operands.map((x) => later.get(x) ?? x)
    return [null, ...backward(again, dy, wrt, new Set(later.values()))]
  },
}

/** The tensors between `from` and y, including y and excluding `from`, and the leaves, such as weights. */
const segment = (y: Tensor, from: readonly Tensor[]): readonly Tensor[] =>
  topologicalOrder([y], (t) => (from.includes(t) ? [] : nodeInputs(t))).filter((t) => !from.includes(t))

/**
 * Returns y, but makes its gradient recompute everything between the tensors `from` and y, so that only `from` is kept for
 * the backward pass. `from` must contain every computed tensor that leads to y and has a gradient.
 */
export function checkpoint(y: Tensor, from: readonly Tensor[]): Tensor {
  const leaves = segment(y, from).filter(({ source, dtype }) => source.kind === 'input' && dtype === 'float32')
  return apply(Checkpoint, [y, ...from, ...leaves], y, { from: from.length })
}
