import {
  type Attributes,
  applyAll,
  Float,
  type Graph,
  type Node,
  operatorName,
  type Tensor,
  topologicalOrder,
} from '../graph/tensor.ts'
import { mul } from '../ops/elementwise.ts'

/** Matrix products that multiply their result by an attribute. */
const PRODUCTS: ReadonlySet<string> = new Set(['Gemm', 'com.microsoft.FusedMatMul'])
/**
 * Linear operators in their first operand: scaling the operand scales the result, so the factor can be applied later.
 */
const PASSES: ReadonlySet<string> = new Set(['ReduceSum', 'Reshape'])

/** A value represented as `factor` times a computed tensor. */
interface Scaled {
  readonly tensor: Tensor
  readonly factor: number
}

/**
 * Moves scalar factors into adjacent matrix products, where they cost nothing:
 *     s (α A B + β c) = (s α) A B + (s β) c   if nothing else uses the product,   (s A) B = s (A B),   Σ s x = s Σ x.
 * A factor that does not reach a product is multiplied where it is needed.
 */
export const foldScales = (graph: Graph): Graph => new Folding(Object.values(graph)).graph(graph)

class Folding {
  private readonly scaled = new Map<Tensor, Scaled>()
  private readonly multiplied = new Map<Tensor, Tensor>()
  private readonly rebuilt = new Map<Node, readonly Tensor[]>()
  private readonly wanted: ReadonlyMap<Tensor, number>

  constructor(outputs: readonly Tensor[]) {
    const order = topologicalOrder(outputs)
    this.wanted = wantedFactors(order, outputs)
    for (const t of order) this.scaled.set(t, this.fold(t))
  }

  graph(graph: Graph): Graph {
    return Object.fromEntries(Object.entries(graph).map(([name, t]) => [name, this.value(t)]))
  }

  private fold(t: Tensor): Scaled {
    if (t.source.kind !== 'node') return { tensor: t, factor: 1 }
    const { node, output } = t.source
    const name = operatorName(node.op)
    const scaling = scalingOf(node)
    if (scaling && this.wanted.get(scaling.x) === scaling.factor) return this.scaled.get(scaling.x)!
    if (scaling) {
      const { tensor, factor } = this.scaled.get(scaling.x)!
      return { tensor, factor: factor * scaling.factor }
    }
    if (PRODUCTS.has(name)) return { tensor: this.product(t, node), factor: 1 }
    if (PASSES.has(name)) {
      const { tensor, factor } = this.scaled.get(node.inputs[0])!
      const operands = [tensor, ...node.inputs.slice(1).map((x) => this.value(x))]
      return { tensor: this.rebuild(node, operands)[output], factor }
    }
    return {
      tensor: this.rebuild(
        node,
        node.inputs.map((x) => this.value(x)),
      )[output],
      factor: 1,
    }
  }

  /** Rebuilds a product with the factors of its operands, and with the factor by which all of its users multiply it. */
  private product(t: Tensor, node: Node): Tensor {
    const [a, b] = node.inputs.slice(0, 2).map((x) => this.scaled.get(x)!)
    const rest = node.inputs.slice(2).map((x) => this.value(x))
    const wanted = this.wanted.get(t) ?? 1
    const { alpha, beta } = node.attributes as Record<string, Float>
    const attributes: Attributes = {
      ...node.attributes,
      alpha: new Float(alpha.value * a.factor * b.factor * wanted),
      ...(beta && { beta: new Float(beta.value * wanted) }),
    }
    return this.rebuild(node, [a.tensor, b.tensor, ...rest], attributes)[0]
  }

  /** Returns the actual value of a tensor, multiplied by its factor if that is not 1. */
  private value(t: Tensor): Tensor {
    const { tensor, factor } = this.scaled.get(t)!
    if (factor === 1) return tensor
    if (!this.multiplied.has(t)) this.multiplied.set(t, mul(tensor, factor))
    return this.multiplied.get(t)!
  }

  private rebuild(node: Node, inputs: readonly Tensor[], attributes: Attributes = node.attributes): readonly Tensor[] {
    const known = this.rebuilt.get(node)
    if (known) return known
    const isSame = attributes === node.attributes && inputs.every((x, i) => x === node.inputs[i])
    const results = isSame ? node.outputs : applyAll(node.op, inputs, node.outputs, attributes)
    this.rebuilt.set(node, results)
    return results
  }
}

/** Returns x and the factor if the node multiplies x by a scalar constant. */
function scalingOf({ op, inputs }: Node): { readonly x: Tensor; readonly factor: number } | undefined {
  if (operatorName(op) !== 'Mul') return undefined
  const [factor, other] = inputs.map(scalarValue)
  if (other !== undefined) return { x: inputs[0], factor: other }
  return factor === undefined ? undefined : { x: inputs[1], factor }
}

/**
 * Returns the value of a scalar constant. Excludes 0, which must not be moved because the other operand may be
 * infinite.
 */
function scalarValue({ source, shape, dtype }: Tensor): number | undefined {
  if (source.kind !== 'constant' || shape.length !== 0 || dtype !== 'float32') return undefined
  const value = source.data[0] as number
  return value !== 0 && Number.isFinite(value) ? value : undefined
}

/** Finds the products whose every use multiplies them by the same scalar, together with that scalar. */
function wantedFactors(order: readonly Tensor[], outputs: readonly Tensor[]): Map<Tensor, number> {
  const factors = new Map<Tensor, Set<number | undefined>>()
  const use = (x: Tensor, factor?: number) => factors.set(x, (factors.get(x) ?? new Set()).add(factor))
  for (const t of outputs) use(t)
  for (const { source } of order) {
    if (source.kind !== 'node') continue
    const scaling = scalingOf(source.node)
    if (scaling) use(scaling.x, scaling.factor)
    else for (const x of source.node.inputs) use(x)
  }
  const wanted = new Map<Tensor, number>()
  for (const [x, found] of factors) {
    const [factor] = found
    if (found.size === 1 && factor !== undefined && isProduct(x)) wanted.set(x, factor)
  }
  return wanted
}

const isProduct = ({ source }: Tensor): boolean => source.kind === 'node' && PRODUCTS.has(operatorName(source.node.op))
