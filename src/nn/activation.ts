import { type Tensor, withGradient } from '../graph/tensor.ts'
import { add, erf, exp, log, mul, neg, relu, sigmoid, sub, tanh } from '../ops/elementwise.ts'

/**
 * An activation a(x) = scale f(scale x). The two constants cost nothing in the matrix products before and after,
 * which multiply anyway.
 */
export interface Activation {
  readonly scale: number
  readonly f: (u: Tensor) => Tensor
}

/**
 * Exact GELU (Hendrycks and Gimpel 2016): a(x) = x/2 (1 + erf(x/√2)), so with u = x/√2 it is √½ f(u) with
 *   f(u) = u (1 + erf u),   f'(u) = 1 + erf u + u 2/√π exp(-u²),   2/√π exp(-u²) = exp(ln(2/√π) - u²).
 */
const gelu: Activation = {
  scale: Math.SQRT1_2,
  f(u) {
    const gate = add(erf(u), 1)
    const slope = () => add(gate, mul(u, exp(sub(Math.log(2 / Math.sqrt(Math.PI)), mul(u, u)))))
    return withGradient(mul(u, gate), [u], (dy) => [mul(dy, slope())])
  },
}

/** GELU by tanh: x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))). */
const geluTanh: Activation = {
  scale: 1,
  f(x) {
    const inner = mul(Math.sqrt(2 / Math.PI), mul(x, add(1, mul(0.044715, mul(x, x)))))
    return mul(mul(0.5, x), add(1, tanh(inner)))
  },
}

/** a(x) = f(x). */
const plain = (f: (x: Tensor) => Tensor): Activation => ({ scale: 1, f })

/** GELU cut off at 10, for quantisation. GELU never goes below -0.17, so the reference's lower limit of -10 is moot. */
const gelu10 = plain((x) => {
  const y = mul(gelu.scale, gelu.f(mul(gelu.scale, x)))
  return sub(y, relu(sub(y, 10)))
})

const silu = plain((x) => mul(x, sigmoid(x)))

/** x tanh(log(1 + exp x)), with the logarithm in a form that does not overflow: max(x, 0) + log(1 + exp(-|x|)). */
const mish = plain((x) => {
  const positive = relu(x)
  const magnitude = add(positive, relu(neg(x)))
  return mul(x, tanh(add(positive, log(add(1, exp(neg(magnitude)))))))
})

/** The Gaussian's integral with mean √½ and deviation 0.282095 (Ma et al. 2022). */
const laplace = plain((x) => mul(0.5, add(1, erf(mul(sub(x, Math.SQRT1_2), 1 / (0.282095 * Math.SQRT2))))))

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
  quick_gelu: plain((x) => mul(x, sigmoid(mul(1.702, x)))),
  relu: plain(relu),
  relu2: plain((x) => mul(relu(x), relu(x))),
  relu6: plain((x) => sub(relu(x), relu(sub(x, 6)))),
  leaky_relu: plain((x) => sub(relu(x), mul(0.01, relu(neg(x))))),
  silu,
  swish: silu,
  mish,
  sigmoid: plain(sigmoid),
  tanh: plain(tanh),
  laplace,
  linear: plain((x) => x),
} satisfies Record<string, Activation>

export type ActivationName = keyof typeof activations
