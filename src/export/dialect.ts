import type { Float } from '../graph/tensor.ts'
import type { Dialect, Rule } from '../lowering/dialect.ts'
import { add, div, erf, mul } from '../ops/elementwise.ts'
import { matmul } from '../ops/linalg.ts'

/** x/2 (1 + erf(x/√2)) in the form that runtimes recognize and compute in a single operation. */
const gelu: Rule = ({ inputs: [x] }) => [mul(mul(x, add(erf(div(x, Math.SQRT2)), 1)), 0.5)]

/** Scales the left factor rather than the product, which is larger and would leave the range of float16. */
const scaledFactor: Rule = (node) => {
  const { inputs, op, attributes } = node
  const [a, b] = inputs
  const { alpha, transA, transB } = attributes as { alpha: Float; transA: number; transB: number }
  if (alpha.value === 1) return op.lower!(node)
  return [matmul(mul(a, alpha.value), b, { transA: transA === 1, transB: transB === 1 })]
}

/** Standard ONNX operators, in the forms that other runtimes compute best. */
export const exportDialect = (rules: Dialect['rules']): Dialect => ({
  name: 'ONNX for other tools',
  rules: { 'spanforge.Gelu': gelu, 'spanforge.MatMul': scaledFactor, ...rules },
})
