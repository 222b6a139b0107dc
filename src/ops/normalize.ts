import { SpanforgeError } from '../errors.ts'
import { applyAll, Float, type Op, type Tensor } from '../graph/tensor.ts'
import { mul, sub } from './elementwise.ts'
import { gemm, matmul } from './linalg.ts'
import { reshape } from './movement.ts'
import { sum } from './reduce.ts'

const LayerNormGradient: Op = {
  type: 'LayerNormGradient',
  domain: 'spanforge',
  // With x̂ = (x - mean) r, r = 1/deviation, y = g x̂ + b (Ba et al. 2016), and d = g dy the gradient of x̂:
  //   dx = r (d - mean(d) - x̂ mean(d x̂)),   dg = sum(dy x̂),   db = sum(dy).
  // The row means are products with g: mean(d) = dy g / n and mean(d x̂) = (dy x̂) g / n.
  lower({ inputs: [dy, x, g, mean, r] }) {
    const n = g.shape[0] as number
    const xhat = mul(sub(x, mean), r)
    const dyXhat = mul(dy, xhat)
    const multiply = x.shape.length === 2 ? gemm : matmul
    const rowMean = (t: Tensor) => multiply(t, reshape(g, [n, 1]), { alpha: 1 / n })
    const rows = x.shape.slice(0, -1).map((_, axis) => axis)
    const rowSum = (t: Tensor) => reshape(sum(t, rows), [n])
    const dx = mul(r, sub(sub(mul(dy, g), rowMean(dy)), mul(xhat, rowMean(dyXhat))))
    return [dx, rowSum(dyXhat), rowSum(dy)]
  },
}

const LayerNormalization: Op = {
  type: 'LayerNormalization',
  gradient: (dy, { inputs: [x, g, b], outputs: [, mean, r] }) =>
    applyAll(LayerNormGradient, [dy, x, g, mean, r], [x, g, b]),
}

/** Normalizes x [..., n] along its last axis to mean 0 and variance 1, then scales and shifts by g, b [n]. */
export function layerNormalization(x: Tensor, g: Tensor, b: Tensor, epsilon: number): Tensor {
  const n = x.shape.at(-1)
  if (x.shape.length < 2 || g.shape[0] !== n || b.shape[0] !== n)
    throw new SpanforgeError(`LayerNormalization: the shapes of ${x}, ${g} and ${b} do not match`)
  const column = { shape: [...x.shape.slice(0, -1), 1], dtype: x.dtype }
  return applyAll(LayerNormalization, [x, g, b], [x, column, column], { axis: -1, epsilon: new Float(epsilon) })[0]
}
