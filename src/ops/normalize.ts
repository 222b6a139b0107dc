import { SpanforgeError } from '../errors.ts'
import { applyAll, Float, type Op, type Tensor } from '../graph/tensor.ts'
import { mul, sub } from './elementwise.ts'
import { gemm } from './linalg.ts'
import { reshape } from './movement.ts'

const LayerNormalization: Op = {
  type: 'LayerNormalization',
  // With x̂ = (x - mean) r, r = 1/deviation, y = g x̂ + b (Ba et al. 2016), and d = g dy the gradient of x̂:
  //   dx = r (d - mean(d) - x̂ mean(d x̂)),   dg = sum(dy x̂),   db = sum(dy).
  // The row means are products with g: mean(d) = dy g / n and mean(d x̂) = (dy x̂) g / n.
  gradient(dy, { inputs: [x, g], outputs: [, mean, r] }) {
    const n = x.shape.at(-1) as number
    const xhat = mul(sub(x, mean), r)
    const dyXhat = mul(dy, xhat)
    const rowMean = (t: Tensor) => gemm(t, reshape(g, [n, 1]), { alpha: 1 / n })
    const dx = mul(r, sub(sub(mul(dy, g), rowMean(dy)), mul(xhat, rowMean(dyXhat))))
    return [dx, dyXhat, dy] // `gradient` sums the last two over the rows
  },
}

/** Normalises the rows of x [rows, n] to mean 0 and variance 1, then scales and shifts by g, b [n]. */
export function layerNormalization(x: Tensor, g: Tensor, b: Tensor, epsilon: number): Tensor {
  const [rows, n] = x.shape
  if (x.shape.length !== 2 || g.shape[0] !== n || b.shape[0] !== n)
    throw new SpanforgeError(`LayerNormalization: ${x} does not fit ${g} and ${b}`)
  const column = { shape: [rows, 1], dtype: x.dtype }
  return applyAll(LayerNormalization, [x, g, b], [x, column, column], { axis: -1, epsilon: new Float(epsilon) })[0]
}
