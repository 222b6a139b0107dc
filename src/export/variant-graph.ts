import type { ExportDtype } from '../checkpoint/onnx-folder.ts'
import { type Float, type Graph, topologicalOrder } from '../graph/tensor.ts'
import { type Dialect, lower, type Rule } from '../lowering/lower.ts'
import type { QuestionAnsweringModel } from '../models/question-answering.ts'
import type { Initializer } from '../onnx/encode.ts'
import { add, div, erf, mul } from '../ops/elementwise.ts'
import { matmul } from '../ops/linalg.ts'
import type { Engine, Executable } from '../runtime/engine.ts'
import { halfPrecision } from './half-precision.ts'
import { type PaddedOptions, paddedGraph } from './padded-graph.ts'
import { blockProduct } from './quantize/block-products.ts'
import { dynamicProduct, quantizedTables, SIGNED, UNSIGNED } from './quantize/dynamic-products.ts'
import { type Product, quantizedProducts } from './quantize/products.ts'
import type { Smoothings } from './quantize/smoothing.ts'
import { StoredWeights } from './stored-weights.ts'

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

interface Storage {
  /** How products are computed; in floating point if undefined. Lookup tables are then stored in 8 bits too. */
  readonly product?: (weights: StoredWeights, smoothings?: Smoothings) => Product
  /** Whether floating-point values are float16. */
  readonly isHalf?: boolean
}

const STORAGE: Readonly<Record<ExportDtype, Storage>> = {
  fp32: {},
  fp16: { isHalf: true },
  q8: { product: (weights) => blockProduct(weights, 8) },
  int8: { product: (weights, smoothings) => dynamicProduct(weights, SIGNED, smoothings) },
  uint8: { product: (weights, smoothings) => dynamicProduct(weights, UNSIGNED, smoothings) },
  q4: { product: (weights) => blockProduct(weights, 4) },
  q4f16: { product: (weights) => blockProduct(weights, 4, true), isHalf: true },
}

/** Whether a variant quantizes activations with one scale for the whole batch, so that its windows affect each other. */
export const isDynamic = (dtype: ExportDtype): boolean => dtype === 'int8' || dtype === 'uint8'

/** Whether a variant computes in float16. */
export const isHalf = (dtype: ExportDtype): boolean => STORAGE[dtype].isHalf === true

export interface VariantOptions extends PaddedOptions {
  /** Weights of products that stay in floating point. */
  readonly kept?: ReadonlySet<string>
  /** How activations are smoothed before they are quantized, by the name of the weight. */
  readonly smoothings?: Smoothings
}

/** A graph of standard operators, and the tensors that its file stores. */
export interface VariantGraph {
  readonly graph: Graph
  readonly initializers: ReadonlyMap<string, Initializer>
}

/** Rewrites the graph of a model for one dtype. */
export function variantGraph(
  { config, parameters }: Pick<QuestionAnsweringModel, 'config' | 'parameters'>,
  dtype: ExportDtype,
  { kept = new Set(), smoothings, ...options }: VariantOptions,
): VariantGraph {
  const { product } = STORAGE[dtype]
  const padded = paddedGraph(config, options)
  const weights = new StoredWeights(padded.parameters, parameters)
  const quantization: Dialect['rules'] = product && {
    Gemm: quantizedProducts(weights, product(weights, smoothings), kept),
    Gather: quantizedTables(weights),
  }
  const lowered = lower(padded.graph, exportDialect({ ...padded.rules, ...quantization }))
  return { graph: isHalf(dtype) ? halfPrecision(lowered, weights) : lowered, initializers: weights.initializers }
}

/**
 * Compiles a graph and calls `use` with it and the names of the inputs that each run needs. The weights stay in the memory
 * of the model, so that one graph after the other needs little time and memory.
 */
export async function withVariant<T>(
  { graph, initializers }: VariantGraph,
  engine: Engine,
  use: (executable: Executable, inputs: readonly string[]) => Promise<T>,
): Promise<T> {
  const names = topologicalOrder(Object.values(graph)).flatMap(({ source }) =>
    source.kind === 'input' ? [source.name] : [],
  )
  const executable = await engine.compile(graph)
  try {
    const inputs: string[] = []
    for (const name of names) {
      const stored = initializers.get(name)
      if (stored) executable.hold({ [name]: { dtype: stored.dtype, dims: stored.shape, data: stored.data() } })
      else inputs.push(name)
    }
    return await use(executable, inputs)
  } finally {
    await executable.release()
  }
}
