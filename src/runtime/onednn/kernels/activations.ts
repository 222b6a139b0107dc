import type { Activation } from '../primitives.ts'
import type { Kernel, Kernels } from './kernel.ts'

/** The composite operators that oneDNN has, with the parameter α of its own: swish is x σ(αx). */
export const activations: Readonly<Record<string, { readonly op: Activation; readonly alpha: number }>> = {
  'spanforge.Gelu': { op: 'gelu_erf', alpha: 0 },
  'spanforge.GeluTanh': { op: 'gelu_tanh', alpha: 0 },
  'spanforge.Silu': { op: 'swish', alpha: 1 },
  'spanforge.QuickGelu': { op: 'swish', alpha: 1.702 },
  'spanforge.Mish': { op: 'mish', alpha: 0 },
}

const forward =
  (op: Activation, alpha: number): Kernel =>
  ({ dnn, inputs: [x], outputs: [y] }) =>
    dnn.eltwise(op, x, y, alpha)

const backward =
  (op: Activation, alpha: number): Kernel =>
  (use) => {
    const [dy, x] = use.inputs
    use.dnn.eltwiseBackward(op, x, use.as(dy, x.type), use.outputs[0], alpha)
  }

export const activationKernels: Kernels = Object.fromEntries(
  Object.entries(activations).flatMap(([name, { op, alpha }]) => [
    [name, forward(op, alpha)],
    [`${name}Gradient`, backward(op, alpha)],
  ]),
)
