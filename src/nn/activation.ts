import { type Tensor, withGradient } from '../graph/tensor.ts'
import { add, erf, exp, mul, relu, sub, tanh } from '../ops/elementwise.ts'

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
const gelu_new: Activation = {
  scale: 1,
  f(x) {
    const inner = mul(Math.sqrt(2 / Math.PI), mul(x, add(1, mul(0.044715, mul(x, x)))))
    return mul(mul(0.5, x), add(1, tanh(inner)))
  },
}

export const activations = { gelu, gelu_new, relu: { scale: 1, f: relu } } satisfies Record<string, Activation>
