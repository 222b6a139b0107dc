import { type Tensor, withGradient } from '../graph/tensor.ts'
import { add, mul, sub } from '../ops/elementwise.ts'
import { matmul } from '../ops/linalg.ts'
import { softmax, sum } from '../ops/reduce.ts'
import type { Dropout } from './dropout.ts'

/**
 * softmax(q kᵀ / √size + bias) v, with dropout on the weights (Vaswani et al. 2017).
 * q, k, v: [rows, heads, length, size]; bias: [rows, 1, 1, length], 0, or hugely negative where a key is padding.
 *
 * With P the weights, M the dropout mask, o the result (Dao et al. 2022, appendix B.2):
 *   dv = (P M)ᵀ do,   dP = M (do vᵀ),   dS = P (dP - D)   where D = sum_j P_j dP_j = do · o, a sum over `size` values
 * instead of `length`, so that dS = (P M)(do vᵀ) - P D;   dq = dS k / √size,   dk = dSᵀ q / √size.
 */
export function attention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  bias: Tensor,
  dropout: Dropout,
  probability: number,
): Tensor {
  const alpha = 1 / Math.sqrt(q.shape[3] as number)
  const weights = softmax(add(matmul(q, k, { transB: true, alpha }), bias)) // [rows, heads, length, length]
  const kept = dropout(weights, probability)
  const out = matmul(kept, v)
  return withGradient(out, [q, k, v], (dOut) => {
    const d = sum(mul(dOut, out), [-1]) // [rows, heads, length, 1]
    const dScores = sub(mul(kept, matmul(dOut, v, { transB: true })), mul(weights, d))
    return [
      matmul(dScores, k, { alpha }),
      matmul(dScores, q, { transA: true, alpha }),
      matmul(kept, dOut, { transA: true }),
    ]
  })
}
