import { apply, type Op, type Tensor } from '../graph/tensor.ts'
import { add, erf, exp, mul, sub } from './elementwise.ts'

/**
 * GELU and its derivative in terms of u = x √½:
 *     gelu(x) = x/2 (1 + erf(x √½)) = √½ f(u)   with f(u) = u (1 + erf u),
 *     gelu'(x) = ½ f'(u)   with f'(u) = 1 + erf u + u 2/√π exp(-u²)   and 2/√π exp(-u²) = exp(ln(2/√π) - u²).
 * The factors √½ are kept separate, so that the adjacent matrix products can absorb them at no cost.
 */
function parts(x: Tensor): { u: Tensor; gate: Tensor } {
  const u = mul(x, Math.SQRT1_2)
  return { u, gate: add(erf(u), 1) }
}

const GeluGradient: Op = {
  type: 'GeluGradient',
  domain: 'spanforge',
  lower({ inputs: [dy, x] }) {
    const { u, gate } = parts(x)
    const slope = add(gate, mul(u, exp(sub(Math.log(2 / Math.sqrt(Math.PI)), mul(u, u)))))
    return [mul(mul(mul(dy, Math.SQRT1_2), slope), Math.SQRT1_2)]
  },
}

const Gelu: Op = {
  type: 'Gelu',
  domain: 'spanforge',
  lower({ inputs: [x] }) {
    const { u, gate } = parts(x)
    return [mul(mul(u, gate), Math.SQRT1_2)]
  },
  gradient: (dy, { inputs: [x] }) => [apply(GeluGradient, [dy, x], x)],
}

/** The exact Gaussian error linear unit (Hendrycks and Gimpel 2016). */
export const gelu = (x: Tensor): Tensor => apply(Gelu, [x], x)
