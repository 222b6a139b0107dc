import type { Tensor } from '../graph/tensor.ts'
import { add, erf, exp, log, mul, neg, relu, sigmoid, sub, tanh } from '../ops/elementwise.ts'
import { gelu } from '../ops/gelu.ts'

export type Activation = (x: Tensor) => Tensor

/** GELU by tanh: x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))). */
const geluTanh: Activation = (x) => {
  const inner = mul(Math.sqrt(2 / Math.PI), mul(x, add(1, mul(0.044715, mul(x, x)))))
  return mul(mul(0.5, x), add(1, tanh(inner)))
}

/** GELU cut off at 10, for quantisation. GELU never goes below -0.17, so the reference's lower limit of -10 is moot. */
const gelu10: Activation = (x) => {
  const y = gelu(x)
  return sub(y, relu(sub(y, 10)))
}

const silu: Activation = (x) => mul(x, sigmoid(x))

/** x tanh(log(1 + exp x)), with the logarithm in a form that does not overflow: max(x, 0) + log(1 + exp(-|x|)). */
const mish: Activation = (x) => {
  const positive = relu(x)
  const magnitude = add(positive, relu(neg(x)))
  return mul(x, tanh(add(positive, log(add(1, exp(neg(magnitude)))))))
}

/** The Gaussian's integral with mean √½ and deviation 0.282095 (Ma et al. 2022). */
const laplace: Activation = (x) => mul(0.5, add(1, erf(mul(sub(x, Math.SQRT1_2), 1 / (0.282095 * Math.SQRT2)))))

/** By the names of transformers (`ACT2FN`), but prelu and xielu, which have weights of their own. */
export const activations = {
  gelu,
  gelu_python: gelu,
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  gelu_python_tanh: geluTanh,
  gelu_fast: geluTanh,
  gelu_accurate: geluTanh,
  gelu_10: gelu10,
  quick_gelu: (x) => mul(x, sigmoid(mul(1.702, x))),
  relu: relu,
  relu2: (x) => mul(relu(x), relu(x)),
  relu6: (x) => sub(relu(x), relu(sub(x, 6))),
  leaky_relu: (x) => sub(relu(x), mul(0.01, relu(neg(x)))),
  silu,
  swish: silu,
  mish,
  sigmoid: sigmoid,
  tanh: tanh,
  laplace,
  linear: (x) => x,
} satisfies Record<string, Activation>

export type ActivationName = keyof typeof activations
