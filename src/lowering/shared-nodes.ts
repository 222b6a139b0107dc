import { formatShape } from '../graph/shape.ts'
import { type Attribute, createNode, Float, Floats, type Node, operatorName, Tensor } from '../graph/tensor.ts'

/** Larger constants are shared only if they are the same tensor. */
const SMALL = 16

/**
 * Eliminates common subexpressions: equal constants, and equal operators on the same operands, are created only once.
 */
export class SharedNodes {
  private readonly ids = new Map<object, number>()
  private readonly nodes = new Map<string, Node>()
  private readonly constants = new Map<string, Tensor>()

  leaf(t: Tensor): Tensor {
    const { source, dtype, shape } = t
    if (source.kind !== 'constant' || source.name !== undefined || source.data.length > SMALL) return t
    const bits = new Uint8Array(source.data.buffer, source.data.byteOffset, source.data.byteLength)
    return remembered(this.constants, `${dtype} [${shape}] ${bits}`, () => t)
  }

  /** Returns `original` with other operands. */
  node(original: Node, inputs: readonly Tensor[]): Node {
    const { op, attributes, outputs } = original
    const types = outputs.map(({ dtype, shape }) => `${dtype} ${formatShape(shape)}`)
    const key = [operatorName(op), inputs.map((x) => this.id(x)), this.attributesKey(attributes), types].join('|')
    const isSame = inputs.every((x, i) => x === original.inputs[i])
    return remembered(this.nodes, key, () => (isSame ? original : createNode(op, inputs, outputs, attributes)))
  }

  private attributesKey(attributes: Node['attributes']): string {
    return JSON.stringify(Object.entries(attributes).map(([name, value]) => [name, this.attributeKey(value)]))
  }

  private attributeKey(value: Attribute): unknown {
    if (value instanceof Tensor) return { tensor: this.id(value) }
    if (value instanceof Float) return { float: String(value.value) }
    return value instanceof Floats ? { floats: value.values.map(String) } : value
  }

  private id(value: object): number {
    if (!this.ids.has(value)) this.ids.set(value, this.ids.size)
    return this.ids.get(value)!
  }
}

function remembered<V>(map: Map<string, V>, key: string, make: () => V): V {
  if (!map.has(key)) map.set(key, make())
  return map.get(key)!
}
