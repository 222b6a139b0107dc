import { apply, constant, type Graph, type Tensor } from '../graph/tensor.ts'
import { lower } from '../lowering/lower.ts'
import { mul } from '../ops/elementwise.ts'
import { type MeasuringOptions, measureOutputs } from './measured-outputs.ts'
import { paddedGraph } from './padded-graph.ts'
import { type ExportSource, sourceOptions } from './plan-variants.ts'
import { isProduct } from './quantize/products.ts'
import type { ProductInput } from './quantize/smoothing.ts'
import { StoredWeights } from './stored-weights.ts'
import { exportDialect } from './variant-graph.ts'

/** Measures the activations that are inputs of the products of a model. */
export async function measureProductInputs(source: ExportSource, options: MeasuringOptions): Promise<ProductInput[]> {
  const { groups, initializers } = productInputs(source)
  const graph: Record<string, Tensor> = {}
  for (const [i, { x }] of groups.entries())
    for (const [kind, t] of Object.entries(statistics(x))) graph[`${kind}.${i}`] = t
  const inputs = groups.map(({ weights, channels }) => emptyInput(weights, channels))
  await measureOutputs({ graph, initializers }, source.model.geometry.padding_row ?? 0, options, (found) => {
    for (const [i, input] of inputs.entries()) {
      const [lowest, highest, squares] = KINDS.map((kind) => found[`${kind}.${i}`])
      include(input, { lowest, highest, squares }, options.rows.length)
    }
  })
  return inputs
}

const KINDS = ['lowest', 'highest', 'squares'] as const

const emptyInput = (weights: readonly string[], channels: number): ProductInput => ({
  weights,
  lowest: new Float32Array(channels),
  highest: new Float32Array(channels),
  squares: new Float32Array(channels),
})

type ChannelStatistics = Pick<ProductInput, (typeof KINDS)[number]>

function include({ lowest, highest, squares }: ProductInput, one: ChannelStatistics, rows: number): void {
  for (let i = 0; i < lowest.length; i++) {
    lowest[i] = Math.min(lowest[i], one.lowest[i])
    highest[i] = Math.max(highest[i], one.highest[i])
    squares[i] += one.squares[i] / rows
  }
}

interface Group {
  readonly x: Tensor
  readonly channels: number
  /** Names of the weights of the products that take `x`. */
  readonly weights: string[]
}

/** The activations that products take, in the graph of fp32. */
function productInputs(source: ExportSource) {
  const { config, parameters } = source.model
  const padded = paddedGraph(config, sourceOptions(source))
  const weights = new StoredWeights(padded.parameters, parameters)
  const groups = new Map<Tensor, Group>()
  const collect = ({ inputs: [x, w] }: { readonly inputs: readonly Tensor[] }) => {
    const weight = weights.parameter(w)
    if (!weight || !isProduct(weight)) return undefined
    const group = groups.get(x) ?? { x, channels: weight.shape[1], weights: [] }
    groups.set(x, group)
    if (!group.weights.includes(weight.name)) group.weights.push(weight.name)
    return undefined
  }
  lower(padded.graph, exportDialect({ ...padded.rules, Gemm: collect }))
  return { groups: [...groups.values()], initializers: weights.initializers }
}

/** Per channel, over all tokens. */
function statistics(x: Tensor): Graph {
  const tokens = x.shape.slice(0, -1).map((_, axis) => axis)
  const reduced = (type: string, t: Tensor) =>
    apply(
      { type },
      [t, constant(tokens, [tokens.length], 'int64')],
      { shape: [x.shape.at(-1)!], dtype: x.dtype },
      { keepdims: 0 },
    )
  return {
    lowest: reduced('ReduceMin', x),
    highest: reduced('ReduceMax', x),
    squares: reduced('ReduceMean', mul(x, x)),
  }
}
