import { apply, constant, type Tensor } from '../graph/tensor.ts'
import { add, exp, log, mul, sub } from '../ops/elementwise.ts'
import { sum } from '../ops/reduce.ts'
import type { Dialect } from './lower.ts'

const floor = (x: Tensor): Tensor => apply({ type: 'Floor' }, [x], x)

/** π as the sum of three numbers. The first two have so few digits that multiples of them are exact. */
const PI = [3.140625, 0.0009675025939941406, 1.5099580252808664e-7]

const lessMultiplesOfPi = (x: Tensor, times: Tensor): Tensor =>
  PI.reduce<Tensor>((rest, part) => sub(rest, mul(times, part)), x)

/** Taylor coefficients of (sin r - r) / r³, from the last: 1/13!, -1/11!, ..., -1/3!. */
const SINE = [1 / 6227020800, -1 / 39916800, 1 / 362880, -1 / 5040, 1 / 120, -1 / 6]

/** The sine of |r| <= π / 2, to 1e-7. */
function smallSine(r: Tensor): Tensor {
  const square = mul(r, r)
  const [last, next, ...others] = SINE
  const sum = others.reduce((sum, c) => add(c, mul(square, sum)), add(next, mul(square, last)))
  return add(r, mul(r, mul(square, sum)))
}

/** 1 where k is odd, and 0 where it is even. */
const odd = (k: Tensor): Tensor => sub(k, mul(2, floor(mul(k, 0.5))))

/**
 * The operators that ONNX Runtime computes accurately on a WebGPU device: those of ONNX, except
 * - LogSoftmax, for which it has no kernel, so that it would copy the logits to the CPU and back;
 * - Sin and Cos, which graphics cards compute with an absolute error of up to 2⁻¹¹.
 */
export const webgpu: Dialect = {
  name: 'ONNX Runtime on WebGPU',
  rules: {
    // x - max - log sum exp(x - max), over the last axis
    LogSoftmax({ inputs: [x] }) {
      const column = { shape: [...x.shape.slice(0, -1), 1], dtype: x.dtype }
      const max = apply({ type: 'ReduceMax' }, [x, constant([-1], [1], 'int64')], column, { keepdims: 1 })
      const shifted = sub(x, max)
      return [sub(shifted, log(sum(exp(shifted), [-1])))]
    },
    // With x = k π + r and |r| <= π/2:   sin x = (-1)ᵏ sin r
    Sin({ inputs: [x] }) {
      const k = floor(add(mul(x, 1 / Math.PI), 0.5))
      return [mul(sub(1, mul(2, odd(k))), smallSine(lessMultiplesOfPi(x, k)))]
    },
    // With x = (k + 1/2) π + r and |r| <= π/2:   cos x = -(-1)ᵏ sin r
    Cos({ inputs: [x] }) {
      const k = floor(mul(x, 1 / Math.PI))
      return [mul(sub(mul(2, odd(k)), 1), smallSine(lessMultiplesOfPi(x, add(k, 0.5))))]
    },
  },
}
