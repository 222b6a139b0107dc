import { SpanforgeError } from '../errors.ts'
import { formatShape } from '../graph/shape.ts'
import { type Graph, type Node, nodeInputs, operatorName, type Tensor, topologicalOrder } from '../graph/tensor.ts'
import { foldScales } from './fold-scales.ts'
import { SharedNodes } from './shared-nodes.ts'

/** Rewrites a node. Returns one tensor per result, or undefined to leave the node unchanged. */
export type Rule = (node: Node) => readonly Tensor[] | undefined

/**
 * The operators that an engine supports. Composites that it neither runs nor rewrites are lowered by their own
 * definition.
 */
export interface Dialect {
  readonly name: string
  /**
   * Keyed by `operatorName`. The result of a rule is lowered in turn, so it must not contain the operator that it
   * replaces.
   */
  readonly rules?: Readonly<Record<string, Rule>>
  /** Composites that the engine runs natively, by `operatorName`. */
  readonly runs?: ReadonlySet<string>
}

/** Only standard ONNX operators, which all ONNX tools can read. */
export const plainOnnx: Dialect = { name: 'ONNX' }

/**
 * Expresses a graph in the operators of a dialect. Composites are replaced using the rule of the dialect or, without
 * one, their own definition. Common subexpressions, which layers and their gradients often share, are computed once,
 * and scalar factors are moved into adjacent matrix products.
 */
export function lower(graph: Graph, dialect: Dialect): Graph {
  const lowering = new Lowering(dialect)
  const outputs = Object.entries(graph)
  const lowered = lowering.all(outputs.map(([, t]) => t))
  return foldScales(Object.fromEntries(outputs.map(([name], i) => [name, lowered[i]])))
}

/**
 * Composites are nested only a few levels deep. A deeper nesting indicates a rule that produces the operator it
 * replaces.
 */
const MAX_DEPTH = 50

class Lowering {
  private depth = 0
  private readonly lowered = new Map<Tensor, Tensor>()
  private readonly results = new Map<Node, readonly Tensor[]>()
  private readonly shared = new SharedNodes()

  constructor(private readonly dialect: Dialect) {}

  all(tensors: readonly Tensor[]): Tensor[] {
    for (const t of topologicalOrder(tensors, (t) => (this.lowered.has(t) ? [] : nodeInputs(t)))) this.one(t)
    return tensors.map((t) => this.lowered.get(t)!)
  }

  private one(t: Tensor): void {
    if (this.lowered.has(t)) return
    const result = t.source.kind === 'node' ? this.node(t.source.node)[t.source.output] : this.shared.leaf(t)
    this.lowered.set(t, result)
    // The result of a rule may itself occur as an operand later. It is already lowered.
    this.lowered.set(result, result)
  }

  private node(original: Node): readonly Tensor[] {
    const known = this.results.get(original)
    if (known) return known
    const inputs = original.inputs.map((x) => this.lowered.get(x)!)
    const node = this.shared.node(original, inputs)
    const results = this.results.get(node) ?? this.replacement(node)
    this.results.set(original, results)
    this.results.set(node, results)
    return results
  }

  /** Returns the replacement of a node whose operands are already lowered. */
  private replacement(node: Node): readonly Tensor[] {
    const name = operatorName(node.op)
    const { runs, rules } = this.dialect
    const rule: Rule | undefined = runs?.has(name) ? undefined : (rules?.[name] ?? node.op.lower)
    const results = rule?.(node)
    if (!results) return node.outputs
    checkTypes(name, node.outputs, results)
    if (++this.depth > MAX_DEPTH)
      throw new SpanforgeError(`lowering: the rules of ${this.dialect.name} for ${name} do not terminate`)
    const replaced = this.all(results)
    this.depth--
    return replaced
  }
}

function checkTypes(name: string, expected: readonly Tensor[], found: readonly Tensor[]): void {
  for (const [i, y] of expected.entries()) {
    const result = found[i]
    if (result?.dtype !== y.dtype || formatShape(result.shape) !== formatShape(y.shape))
      throw new SpanforgeError(`lowering: the rule for ${name} returned ${result} for ${y}`)
  }
}
