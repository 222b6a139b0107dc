import { SpanforgeError } from '../errors.ts'
import { ELEMENT_TYPE } from '../graph/data.ts'
import type { Dim } from '../graph/shape.ts'
import {
  type Attribute,
  Float,
  Floats,
  type Graph,
  type Node,
  Tensor,
  type TensorType,
  topologicalOrder,
} from '../graph/tensor.ts'
import { bytes, concat, type Encoded, float, integer, message, text } from '../protobuf.ts'
import type { ExternalData } from './external-data.ts'

const IR_VERSION = 9
const DEFAULT_OPSET = 18
const DOMAIN_VERSIONS: Readonly<Record<string, number>> = { 'com.microsoft': 1 }
/** AttributeProto.AttributeType */
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7, strings: 8 }
/** TensorProto.DataLocation */
const EXTERNAL = 1

export interface EncodeOptions {
  /** Version of ONNX's own operators (default: 18). */
  readonly opset?: number
  /** Collects large constants, which are then not part of the model's bytes. */
  readonly external?: ExternalData
}

/**
 * Encodes the graph that computes `outputs` as an ONNX ModelProto. Field numbers are those of onnx.proto3.
 * Inputs keep their names and every operator is written as it is: there is no table of translations. Data of constants
 * is not copied: write the result with `toBytes` or `chunks`.
 */
export function encodeModel(outputs: Graph, { opset = DEFAULT_OPSET, external }: EncodeOptions = {}): Encoded {
  const order = topologicalOrder(Object.values(outputs))
  const namer = new Namer(order)
  const used = usedOutputs(order, Object.values(outputs))
  const graph: Encoded[] = [text(2, 'spanforge')]
  const written = new Set<Node>()
  const domains = new Set<string>()
  for (const t of order) {
    const { source } = t
    if (source.kind === 'input') graph.push(message(11, ...valueInfo(source.name, t)))
    else if (source.kind === 'constant') graph.push(message(5, ...initializer(namer.nameOf(t), t, external)))
    else if (!written.has(source.node)) {
      written.add(source.node)
      const { type, domain } = source.node.op
      if (domain === 'spanforge') throw new SpanforgeError(`${type} is no ONNX operator: lower the graph first`)
      if (domain) domains.add(domain)
      graph.push(message(1, ...encodeNode(source.node, used.get(source.node)!, namer)))
    }
  }
  for (const [name, t] of Object.entries(outputs)) {
    graph.push(message(1, text(1, namer.nameOf(t)), text(2, name), text(4, 'Identity')))
    graph.push(message(12, ...valueInfo(name, t)))
  }
  return concat([
    integer(1, IR_VERSION),
    text(2, 'spanforge'),
    message(7, ...graph),
    message(8, text(1, ''), integer(2, opset)),
    ...[...domains].map((domain) => message(8, text(1, domain), integer(2, DOMAIN_VERSIONS[domain]))),
  ])
}

/**
 * The names of values: inputs and some constants have one of their own, all others get a short one that is free. The
 * results of one node are named together, whichever Tensor refers to them.
 */
class Namer {
  private readonly own = new Map<string, Tensor>()
  private readonly names = new Map<object, string>()
  private count = 0

  constructor(order: readonly Tensor[]) {
    for (const t of order) {
      const name = ownName(t)
      if (name === undefined) continue
      if (this.own.has(name)) throw new SpanforgeError(`two values are called ${name}`)
      this.own.set(name, t)
    }
  }

  nameOf(t: Tensor): string {
    const { source } = t
    return source.kind === 'node' ? this.resultOf(source.node, source.output) : (ownName(t) ?? this.shortName(source))
  }

  resultOf(node: Node, output: number): string {
    return `${this.shortName(node)}.${output}`
  }

  private shortName(value: object): string {
    let name = this.names.get(value)
    while (name === undefined || this.own.has(name)) name = `v${this.count++}`
    this.names.set(value, name)
    return name
  }
}

const ownName = ({ source }: Tensor): string | undefined => (source.kind === 'node' ? undefined : source.name)

/** Which results of each node are used. */
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

function encodeNode(node: Node, used: ReadonlySet<number>, namer: Namer): Encoded[] {
  const results = Array.from({ length: Math.max(...used) + 1 }, (_, i) => (used.has(i) ? namer.resultOf(node, i) : ''))
  return [
    ...node.inputs.map((x) => text(1, namer.nameOf(x))),
    ...results.map((name) => text(2, name)),
    text(3, namer.resultOf(node, 0)),
    text(4, node.op.type),
    ...Object.entries(node.attributes).map(([name, value]) => message(5, text(1, name), ...attribute(name, value))),
    ...(node.op.domain ? [text(7, node.op.domain)] : []),
  ]
}

function attribute(name: string, value: Attribute): Encoded[] {
  const type = (kind: keyof typeof ATTRIBUTE_TYPE) => integer(20, ATTRIBUTE_TYPE[kind])
  if (value instanceof Float) return [float(2, value.value), type('float')]
  if (value instanceof Floats) return [...value.values.map((v) => float(7, v)), type('floats')]
  if (value instanceof Tensor) return [message(5, ...initializer(name, value)), type('tensor')]
  if (typeof value === 'number') return [integer(3, value), type('int')]
  if (typeof value === 'string') return [text(4, value), type('string')]
  if (isTexts(value)) return [...value.map((v) => text(9, v)), type('strings')]
  return [...value.map((v) => integer(8, v)), type('ints')]
}

const isTexts = (list: readonly number[] | readonly string[]): list is readonly string[] => typeof list[0] === 'string'

function initializer(name: string, { shape, dtype, source }: Tensor, external?: ExternalData): Encoded[] {
  if (source.kind !== 'constant') throw new SpanforgeError(`attribute ${name}: expected a constant`)
  const { buffer, byteOffset, byteLength } = source.data
  const data = new Uint8Array(buffer, byteOffset, byteLength)
  const place = external?.place(data)
  return [
    ...(shape as readonly number[]).map((d) => integer(1, d)),
    integer(2, ELEMENT_TYPE[dtype]),
    text(8, name),
    ...(place
      ? [
          ...Object.entries(place).map(([key, value]) => message(13, text(1, key), text(2, String(value)))),
          integer(14, EXTERNAL),
        ]
      : [bytes(9, data)]),
  ]
}

function valueInfo(name: string, { shape, dtype }: TensorType): Encoded[] {
  const dims = shape.map((d: Dim) => message(1, typeof d === 'number' ? integer(1, d) : text(2, d)))
  return [text(1, name), message(2, message(1, integer(1, ELEMENT_TYPE[dtype]), message(2, ...dims)))]
}
