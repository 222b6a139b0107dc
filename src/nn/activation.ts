import type { Tensor } from '../graph/tensor.ts'
import { geluTanh, laplace, leakyRelu, mish, quickGelu, relu2, relu6, silu } from '../ops/activations.ts'
import { relu, sigmoid, sub, tanh } from '../ops/elementwise.ts'
import { gelu } from '../ops/gelu.ts'

export type Activation = (x: Tensor) => Tensor

/**
 * GELU clipped at 10, for quantization. The lower limit of -10 in the reference has no effect, because GELU is never
 * below -0.17.
 */
const gelu10: Activation = (x) => {
  const y = gelu(x)
  return sub(y, relu(sub(y, 10)))
}

/** Activations by their names in transformers (`ACT2FN`), except prelu and xielu, which have learned weights. */
export const activations = {
  gelu,
  gelu_python: gelu,
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  gelu_python_tanh: geluTanh,
  gelu_fast: geluTanh,
  gelu_accurate: geluTanh,
  gelu_10: gelu10,
  quick_gelu: quickGelu,
  relu,
  relu2,
  relu6,
  leaky_relu: leakyRelu,
  silu,
  swish: silu,
  mish,
  sigmoid,
  tanh,
  laplace,
  linear: (x) => x,
} satisfies Record<string, Activation>

export type ActivationName = keyof typeof activations
