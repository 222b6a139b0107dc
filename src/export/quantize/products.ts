import type { Tensor, TensorType } from '../../graph/tensor.ts'
import type { Rule } from '../../lowering/lower.ts'
import type { ParameterSpec } from '../../nn/parameters.ts'
import { add } from '../../ops/elementwise.ts'
import type { StoredWeights } from '../stored-weights.ts'

/**
 * Computes x Wᵀ with a weight W [out, size] that is stored in fewer bits, or returns undefined if the weight does not
 * fit the format. `type` is the type of the result.
 */
export type Product = (x: Tensor, weight: ParameterSpec, type: TensorType) => Tensor | undefined

/** Weights with fewer outputs, such as those of the two logits, save nothing. */
const MIN_OUTPUTS = 16

/** Whether a parameter is the matrix of a product that is worth quantizing. */
export const isProduct = ({ shape, table }: ParameterSpec): boolean =>
  !table && shape.length === 2 && shape[0] >= MIN_OUTPUTS

/** Replaces the products with weights, except those that are `kept` in floating point. */
export const quantizedProducts =
  (weights: StoredWeights, product: Product, kept: ReadonlySet<string>): Rule =>
  ({ inputs: [x, w, bias], outputs: [y] }) => {
    const weight = weights.parameter(w)
    if (!weight || !isProduct(weight) || kept.has(weight.name)) return undefined
    const multiplied = product(x, weight, { shape: y.shape, dtype: y.dtype })
    return multiplied && [bias ? add(multiplied, bias) : multiplied]
  }
