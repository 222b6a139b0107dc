import type { ActivationOp, FusedActivation } from '../primitives.ts'
import { type Kernel, type KernelTable, writeAs } from './kernel.ts'

/** The composite operators that oneDNN implements, with their parameter α: swish is x σ(αx). */
export const activationOps: Readonly<Record<string, FusedActivation>> = {
  'spanforge.Gelu': { op: 'gelu_erf', alpha: 0 },
  'spanforge.GeluTanh': { op: 'gelu_tanh', alpha: 0 },
  'spanforge.Silu': { op: 'swish', alpha: 1 },
  'spanforge.QuickGelu': { op: 'swish', alpha: 1.702 },
  'spanforge.Mish': { op: 'mish', alpha: 0 },
}

const forward =
  (op: ActivationOp, alpha: number): Kernel =>
  (use) => {
    const [[x], [y]] = [use.inputs, use.outputs]
    writeAs(use, x.type, y, (to) => use.dnn.eltwise(op, x, to, alpha))
  }

const backward =
  (op: ActivationOp, alpha: number): Kernel =>
  (use) => {
    const [dy, x] = use.inputs
    const gradient = use.as(dy, x.type)
    writeAs(use, x.type, use.outputs[0], (to) => use.dnn.eltwiseBackward(op, x, gradient, to, alpha))
  }

export const activationKernels: KernelTable = Object.fromEntries(
  Object.entries(activationOps).flatMap(([name, { op, alpha }]) => [
    [name, forward(op, alpha)],
    [`${name}Gradient`, backward(op, alpha)],
  ]),
)
