import {
  apply,
  constant,
  createNode,
  type Graph,
  type Node,
  scalar,
  type Tensor,
  topologicalOrder,
} from '../graph/tensor.ts'
import { cast } from '../ops/elementwise.ts'
import type { StoredWeights } from './stored-weights.ts'

/** Largest finite value. */
export const MAX_HALF = 65_504

/** Added to scores that softmax should ignore: the result is 0, and sums stay within the range of float16. */
const HALF_UNSEEN = -1e4

/**
 * Converts a lowered graph to float16, with outputs in float32. Everything that depends on weights becomes float16.
 * Positions, distances and masks, which do not depend on weights, are computed in float32, because float16 represents
 * integers only up to 2048 and ends at 65,504. They are converted when they are combined with other values.
 */
export function halfPrecision(graph: Graph, weights: StoredWeights): Graph {
  const conversion = converted(graph, weights, 'float16')
  return Object.fromEntries(
    Object.entries(graph).map(([name, t]) => {
      const half = conversion.converted(t)
      return [name, half.dtype === t.dtype ? half : cast(half, t.dtype)]
    }),
  )
}

/** Returns the values that `halfPrecision` computes in float16, computed in float32, which shows whether they fit. */
export const halfValues = (graph: Graph, weights: StoredWeights): readonly Tensor[] =>
  converted(graph, weights, 'float32').computed

function converted(graph: Graph, weights: StoredWeights, type: FloatType): Conversion {
  const conversion = new Conversion(weights, type)
  for (const t of topologicalOrder(Object.values(graph))) conversion.convert(t)
  return conversion
}

type FloatType = 'float16' | 'float32'

class Conversion {
  /** The results of operators that depend on weights. */
  readonly computed: Tensor[] = []
  private readonly results = new Map<Tensor, Tensor>()
  /** The tensors that depend on weights. */
  private readonly weighted = new Set<Tensor>()
  private readonly nodes = new Map<Node, readonly Tensor[]>()
  private readonly halves = new Map<Tensor, Tensor>()

  constructor(
    private readonly weights: StoredWeights,
    private readonly type: FloatType,
  ) {}

  converted(t: Tensor): Tensor {
    return this.results.get(t)!
  }

  convert(t: Tensor): void {
    const { source } = t
    const isStored = source.kind === 'input' && this.weights.has(source.name)
    if (isStored || (source.kind === 'node' && source.node.inputs.some((x) => this.weighted.has(x))))
      this.weighted.add(t)
    this.results.set(t, this.result(t, isStored))
  }

  private result(t: Tensor, isStored: boolean): Tensor {
    const { source, dtype } = t
    if (!this.weighted.has(t) || source.kind === 'constant') return t
    if (isStored || source.kind === 'input')
      return dtype === 'float32' && this.type === 'float16' ? this.weights.halve((source as { name: string }).name) : t
    if (!this.nodes.has(source.node)) this.nodes.set(source.node, this.remade(source.node))
    return this.nodes.get(source.node)![source.output]
  }

  private remade({ op, inputs, outputs, attributes }: Node): readonly Tensor[] {
    const operands = inputs.map((x) => (this.weighted.has(x) ? this.converted(x) : this.half(x)))
    const types = outputs.map(({ shape, dtype }) => ({ shape, dtype: this.halved(dtype) }))
    const results =
      op.type === 'Cast' ? [cast(operands[0], types[0].dtype)] : createNode(op, operands, types, attributes).outputs
    this.computed.push(...results.filter((_, i) => outputs[i].dtype === 'float32'))
    return results
  }

  /** A value without weights in float16, if it is a float. */
  private half(t: Tensor): Tensor {
    if (t.dtype !== 'float32') return t
    const known = this.halves.get(t)
    if (known) return known
    const half = t.source.kind === 'constant' ? this.constant(t) : this.cast(atLeast(HALF_UNSEEN, t))
    this.halves.set(t, half)
    return half
  }

  private constant({ source, shape }: Tensor): Tensor {
    const { data } = source as { data: Float32Array }
    // Masks are added to scores, too.
    const values = Array.from(data, (value) => (value < -MAX_HALF ? HALF_UNSEEN : value))
    return constant(values, shape as readonly number[], this.type)
  }

  private cast(t: Tensor): Tensor {
    return this.type === 'float32' ? t : cast(t, this.type)
  }

  private halved(dtype: Tensor['dtype']): Tensor['dtype'] {
    return dtype === 'float32' ? this.type : dtype
  }
}

const atLeast = (min: number, t: Tensor): Tensor => apply({ type: 'Max' }, [t, scalar(min)], t)
