import { SpanforgeError } from '../errors.ts'
import type { Dim, Shape } from '../graph/shape.ts'
import { type Attributes, type DType, Float, type Node, type Tensor, topologicalOrder } from '../graph/tensor.ts'
import { bytes, float, integer, join, message, text } from './protobuf.ts'

const IR_VERSION = 9
const OPSET = 18
const MICROSOFT_OPSET = 1
const ELEMENT_TYPE: Record<DType, number> = { float32: 1, int32: 6, int64: 7 } // TensorProto.DataType
const ATTRIBUTE_TYPE = { float: 1, int: 2, ints: 7 } // AttributeProto.AttributeType

/**
 * Encodes the graph that computes `outputs` as an ONNX ModelProto. Field numbers are those of onnx.proto3.
 * Inputs keep their names and every operator is written as it stands: there is no table of translations.
 */
export function encodeModel(outputs: Readonly<Record<string, Tensor>>): Uint8Array {
  const namer = new Namer()
  const graph: Uint8Array[] = [text(2, 'spanforge')]
  const inputs = new Map<string, Tensor>()
  const written = new Set<Node>()
  const order = topologicalOrder(Object.values(outputs))
  const used = usedOutputs(order, Object.values(outputs))
  for (const t of order) {
    const { source } = t
    if (source.kind === 'input') {
      if (!inputs.has(source.name)) graph.push(message(11, ...valueInfo(source.name, t)))
      else if (inputs.get(source.name) !== t) throw new SpanforgeError(`two inputs are called ${source.name}`)
      inputs.set(source.name, t)
    } else if (source.kind === 'constant') {
      graph.push(message(5, ...initializer(namer.nameOf(t), source.data, t)))
    } else if (!written.has(source.node)) {
      written.add(source.node)
      graph.push(message(1, ...encodeNode(source.node, used.get(source.node)!, namer)))
    }
  }
  for (const [name, t] of Object.entries(outputs)) {
    graph.push(message(1, text(1, namer.nameOf(t)), text(2, name), text(4, 'Identity')))
    graph.push(message(12, ...valueInfo(name, t)))
  }
  return join([
    integer(1, IR_VERSION),
    text(2, 'spanforge'),
    message(7, ...graph),
    message(8, text(1, ''), integer(2, OPSET)),
    message(8, text(1, 'com.microsoft'), integer(2, MICROSOFT_OPSET)),
  ])
}

/** Gives every value a short name; the results of one node are named together, whichever Tensor speaks of them. */
class Namer {
  private readonly names = new Map<object, string>()

  nameOf({ source }: Tensor): string {
    if (source.kind === 'input') return source.name
    return source.kind === 'node' ? this.resultOf(source.node, source.output) : this.name(source)
  }

  resultOf(node: Node, output: number): string {
    return `${this.name(node)}.${output}`
  }

  private name(value: object): string {
    if (!this.names.has(value)) this.names.set(value, `v${this.names.size}`)
    return this.names.get(value)!
  }
}

/** Which results of each node anybody wants. */
function usedOutputs(order: readonly Tensor[], outputs: readonly Tensor[]): Map<Node, Set<number>> {
  const used = new Map<Node, Set<number>>()
  const use = ({ source }: Tensor) => {
    if (source.kind !== 'node') return
    if (!used.has(source.node)) used.set(source.node, new Set())
    used.get(source.node)!.add(source.output)
  }
  outputs.forEach(use)
  for (const t of order) if (t.source.kind === 'node') t.source.node.inputs.forEach(use)
  return used
}

function encodeNode(node: Node, used: ReadonlySet<number>, namer: Namer): Uint8Array[] {
  const results = Array.from({ length: Math.max(...used) + 1 }, (_, i) => (used.has(i) ? namer.resultOf(node, i) : ''))
  return [
    ...node.inputs.map((x) => text(1, namer.nameOf(x))),
    ...results.map((name) => text(2, name)),
    text(3, namer.resultOf(node, 0)),
    text(4, node.op.type),
    ...Object.entries(node.attributes).map(([name, value]) => message(5, text(1, name), ...attribute(value))),
    ...(node.op.domain ? [text(7, node.op.domain)] : []),
  ]
}

function attribute(value: Attributes[string]): Uint8Array[] {
  if (value instanceof Float) return [float(2, value.value), integer(20, ATTRIBUTE_TYPE.float)]
  if (typeof value === 'number') return [integer(3, value), integer(20, ATTRIBUTE_TYPE.int)]
  return [...value.map((v) => integer(8, v)), integer(20, ATTRIBUTE_TYPE.ints)]
}

function initializer(name: string, data: readonly number[], { shape, dtype }: Tensor): Uint8Array[] {
  const raw =
    dtype === 'int64'
      ? BigInt64Array.from(data, BigInt)
      : dtype === 'int32'
        ? Int32Array.from(data)
        : Float32Array.from(data)
  return [
    ...(shape as readonly number[]).map((d) => integer(1, d)),
    integer(2, ELEMENT_TYPE[dtype]),
    text(8, name),
    bytes(9, new Uint8Array(raw.buffer)),
  ]
}

function valueInfo(name: string, { shape, dtype }: { shape: Shape; dtype: DType }): Uint8Array[] {
  const dims = shape.map((d: Dim) => message(1, typeof d === 'number' ? integer(1, d) : text(2, d)))
  return [text(1, name), message(2, message(1, integer(1, ELEMENT_TYPE[dtype]), message(2, ...dims)))]
}
