/** Dropout masks, which kernels apply without computing their values. */
import { SpanforgeError } from '../../errors.ts'
import { type Node, operatorName, type Tensor } from '../../graph/tensor.ts'

/** Index of the operand that is a dropout mask. Attention without dropout has no such operand. */
const MASK: Readonly<Record<string, number>> = {
  'spanforge.Dropout': 1,
  'spanforge.DropoutAdd': 1,
  'spanforge.PackedAttention': 6,
  'spanforge.PackedAttentionGradient': 7,
}

export const maskOf = ({ op, inputs }: Node): Tensor | undefined => inputs[MASK[operatorName(op)]]

export const isMask = ({ source }: Tensor): boolean =>
  source.kind === 'node' && source.node.op.type === 'DequantizeLinear'

/** Returns the tensor that says which values a mask keeps, and the factor of these values. */
export function keptOf(mask: Tensor): { readonly kept: Tensor; readonly scale: number } {
  const node = mask.source.kind === 'node' ? mask.source.node : undefined
  if (node?.op.type !== 'DequantizeLinear') return { kept: mask, scale: 1 }
  const [kept, scale] = node.inputs
  return { kept, scale: numberOf(scale) }
}

/** Returns the value of a constant, which may be wrapped in `After`. */
function numberOf({ source }: Tensor): number {
  if (source.kind === 'node' && operatorName(source.node.op) === 'spanforge.After')
    return numberOf(source.node.inputs[0])
  if (source.kind === 'constant') return Number(source.data[0])
  throw new SpanforgeError('oneDNN: the scale of a dropout mask is not a constant')
}
