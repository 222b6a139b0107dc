import { applyAll, Float } from '../graph/tensor.ts'
import { cast, mul } from '../ops/elementwise.ts'
import type { Dialect, Rule } from './lower.ts'

/** The matrix products of the layers, by `operatorName`. An `exactMatmul` is not one of them. */
const PRODUCTS = ['Gemm', 'spanforge.MatMul', 'spanforge.Linear']

/**
 * Returns a dialect that computes matrix products in float16, with the casts of torch.autocast: factors and results are
 * float16, and everything between products stays float32.
 */
export function inFloat16(dialect: Dialect): Dialect {
  const rules = Object.fromEntries(PRODUCTS.map((name) => [name, castAround(dialect.rules?.[name])]))
  return { ...dialect, name: `${dialect.name} in float16`, rules: { ...dialect.rules, ...rules } }
}

/**
 * Casts around a product of float32 values. That of float16 values is lowered by the dialect's `own` rule. A number that
 * multiplies the product multiplies its left factor before the cast, because float16 would round the number, and the
 * product could leave the range of float16.
 */
const castAround =
  (own: Rule | undefined): Rule =>
  (node) => {
    const { op, inputs, outputs, attributes } = node
    if (inputs[0].dtype === 'float16') return (own ?? op.lower)?.(node)
    const [a, ...others] = inputs
    const { alpha } = attributes as { readonly alpha?: Float }
    const isScaled = alpha !== undefined && alpha.value !== 1
    const halves = [isScaled ? mul(a, alpha.value) : a, ...others].map((x) => cast(x, 'float16'))
    const types = outputs.map(({ shape }) => ({ shape, dtype: 'float16' as const }))
    const results = applyAll(op, halves, types, isScaled ? { ...attributes, alpha: new Float(1) } : attributes)
    return results.map((y) => cast(y, 'float32'))
  }
