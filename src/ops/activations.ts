import { apply, type Op, type Tensor } from '../graph/tensor.ts'
import { add, erf, exp, log, mul, neg, relu, sigmoid, sign, sub, tanh } from './elementwise.ts'

type Elementwise = (x: Tensor) => Tensor

/** Creates an element-wise operator, and a second operator that multiplies its derivative by the gradient of the result. */
function composite(type: string, value: Elementwise, slope: Elementwise): Elementwise {
  const Gradient: Op = {
    type: `${type}Gradient`,
    domain: 'spanforge',
    lower: ({ inputs: [dy, x] }) => [mul(dy, slope(x))],
  }
  const op: Op = {
    type,
    domain: 'spanforge',
    lower: ({ inputs: [x] }) => [value(x)],
    gradient: (dy, { inputs: [x] }) => [apply(Gradient, [dy, x], x)],
  }
  return (x) => apply(op, [x], x)
}

/** The derivative of tanh(u) in terms of tanh(u). */
const tanhSlope = (t: Tensor) => sub(1, mul(t, t))

const [TANH_SCALE, CUBIC] = [Math.sqrt(2 / Math.PI), 0.044715]
const tanhOfGelu = (x: Tensor) => tanh(mul(TANH_SCALE, mul(x, add(1, mul(CUBIC, mul(x, x))))))

/** Approximate GELU with tanh: x/2 (1 + tanh u) with u = √(2/π) (x + 0.044715 x³) and du/dx = √(2/π) (1 + 3 · 0.044715 x²). */
export const geluTanh = composite(
  'GeluTanh',
  (x) => mul(mul(0.5, x), add(1, tanhOfGelu(x))),
  (x) => {
    const t = tanhOfGelu(x)
    const inner = mul(TANH_SCALE, add(1, mul(3 * CUBIC, mul(x, x))))
    return mul(0.5, add(add(1, t), mul(mul(x, tanhSlope(t)), inner)))
  },
)

// x s with s = σ(αx); its derivative is s + αx s (1 - s).
const gatedBySigmoid = (type: string, argument: Elementwise) =>
  composite(
    type,
    (x) => mul(x, sigmoid(argument(x))),
    (x) => {
      const s = sigmoid(argument(x))
      return mul(s, add(1, mul(argument(x), sub(1, s))))
    },
  )

/** x σ(x), also called swish. */
export const silu = gatedBySigmoid('Silu', (x) => x)

/** x σ(1.702 x), an approximation of GELU. */
export const quickGelu = gatedBySigmoid('QuickGelu', (x) => mul(1.702, x))

/** tanh(log(1 + exp x)). The logarithm is computed without overflow as max(x, 0) + log(1 + exp(-|x|)). */
function tanhOfSoftplus(x: Tensor): Tensor {
  const positive = relu(x)
  const magnitude = add(positive, relu(neg(x)))
  return tanh(add(positive, log(add(1, exp(neg(magnitude))))))
}

/** x t with t = tanh(log(1 + exp x)); its derivative is t + x (1 - t²) σ(x). */
export const mish = composite(
  'Mish',
  (x) => mul(x, tanhOfSoftplus(x)),
  (x) => {
    const t = tanhOfSoftplus(x)
    return add(t, mul(mul(x, tanhSlope(t)), sigmoid(x)))
  },
)

const [LAPLACE_MEAN, LAPLACE_DEVIATION] = [Math.SQRT1_2, 0.282095]
const standardized = (x: Tensor) => mul(sub(x, LAPLACE_MEAN), 1 / (LAPLACE_DEVIATION * Math.SQRT2))

/**
 * Normal distribution function with mean √½ and standard deviation 0.282095 (Ma et al. 2022); its derivative is the
 * density.
 */
export const laplace = composite(
  'Laplace',
  (x) => mul(0.5, add(1, erf(standardized(x)))),
  (x) => {
    const z = standardized(x)
    return mul(1 / (LAPLACE_DEVIATION * Math.sqrt(2 * Math.PI)), exp(neg(mul(z, z))))
  },
)

/** max(x, 0)² */
export const relu2 = composite(
  'Relu2',
  (x) => mul(relu(x), relu(x)),
  (x) => mul(2, relu(x)),
)

/** x between 0 and 6 */
export const relu6 = composite(
  'Relu6',
  (x) => sub(relu(x), relu(sub(x, 6))),
  (x) => sub(sign(relu(x)), sign(relu(sub(x, 6)))),
)

/** x for positive x, otherwise x/100 */
export const leakyRelu = composite(
  'LeakyRelu',
  (x) => sub(relu(x), mul(0.01, relu(neg(x)))),
  (x) => add(sign(relu(x)), mul(0.01, sign(relu(neg(x))))),
)
