import { SpanforgeError } from '../errors.ts'
import { type DType, ELEMENT_TYPE, type TensorData } from '../graph/data.ts'
import { type Dim, elements } from '../graph/shape.ts'
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
import { concatFields, type Encoded, floatField, integerField, messageField, textField } from '../protobuf.ts'
import { DATA_ALIGNMENT, type ExternalData, locationFields, MIN_EXTERNAL } from './external-data.ts'

const IR_VERSION = 9
const DEFAULT_OPSET = 18
const DOMAIN_VERSIONS: Readonly<Record<string, number>> = { 'com.microsoft': 1 }
/** Values of AttributeProto.AttributeType. */
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7, strings: 8 }
/** A tensor that is stored in the model. Its data is requested when it is written, so only one is in memory at a time. */
export interface Initializer {
  readonly shape: readonly number[]
  readonly dtype: DType
  data(): TensorData
  /** Elements of the data, if they can be computed on their own. Large tensors then never exist as a whole. */
  slice?(from: number, to: number): TensorData
}

export interface EncodeOptions {
  /** Version of the standard ONNX operator set (default: 18). */
  readonly opset?: number
  /** Inputs of the graph whose values are stored in the model, by name. */
  readonly initializers?: ReadonlyMap<string, Initializer>
  /** Collects large constants, which are then stored outside the model. */
  readonly external?: ExternalData
}

/**
 * Encodes the graph that computes `outputs` as an ONNX ModelProto, with the field numbers of onnx.proto3. Inputs keep
 * their names, and operators are written without translation. The data of constants is not copied; write the result
 * with `toBytes` or `chunks`. The data of large tensors is aligned, so that a runtime can map the file into memory.
 */
export function encodeModel(outputs: Graph, options: EncodeOptions = {}): Encoded {
  const { opset = DEFAULT_OPSET, initializers, external } = options
  const order = topologicalOrder(Object.values(outputs))
  const namer = new ValueNamer(order)
  const used = usedOutputs(order, Object.values(outputs))
  const graph: Encoded[] = [textField(2, 'spanforge')]
  let size = graph[0].size
  const push = (field: Encoded) => {
    graph.push(field)
    size += field.size
  }
  const written = new Set<Node>()
  const domains = new Set<string>()
  for (const t of order) {
    const { source } = t
    if (source.kind === 'input') {
      const initializer = initializers?.get(source.name)
      push(
        initializer
          ? storedTensor(source.name, initializer, { at: size, external })
          : messageField(11, ...valueInfo(source.name, t)),
      )
    } else if (source.kind === 'constant')
      push(storedTensor(namer.nameOf(t), stored(namer.nameOf(t), t), { at: size, external }))
    else if (!written.has(source.node)) {
      written.add(source.node)
      const { type, domain } = source.node.op
      if (domain === 'spanforge') throw new SpanforgeError(`${type} is not an ONNX operator. Lower the graph first.`)
      if (domain) domains.add(domain)
      push(messageField(1, ...encodeNode(source.node, used.get(source.node)!, namer)))
    }
  }
  for (const [name, t] of Object.entries(outputs)) {
    push(messageField(1, textField(1, namer.nameOf(t)), textField(2, name), textField(4, 'Identity')))
    push(messageField(12, ...valueInfo(name, t)))
  }
  const facts = [
    integerField(1, IR_VERSION),
    textField(2, 'spanforge'),
    messageField(8, textField(1, ''), integerField(2, opset)),
    ...[...domains].map((domain) => messageField(8, textField(1, domain), integerField(2, DOMAIN_VERSIONS[domain]))),
  ]
  const before = facts.reduce((total, field) => total + field.size, 0) + headerSize(size)
  return concatFields([...facts, ...padding(6, (added) => before + added), messageField(7, ...graph)])
}

/** Length of the field number and of the length of a field with a small number. */
const headerSize = (length: number): number => 1 + Math.max(1, Math.ceil(Math.log2(length + 1) / 7))

/**
 * Returns the shortest documentation text with which data is aligned, if any is needed. Runtimes ignore it.
 * @param field number of the message's field for documentation
 * @param position returns the position of the data if the text's field has this size
 */
function padding(field: number, position: (size: number) => number): Encoded[] {
  if (position(0) % DATA_ALIGNMENT === 0) return []
  let length = 0
  while (position(length + headerSize(length)) % DATA_ALIGNMENT !== 0) length++
  return [textField(field, ' '.repeat(length))]
}

/**
 * Assigns names to values. Inputs and some constants have their own names; all other values receive an unused short
 * name. Results are named by node, so every Tensor that refers to the same result has the same name.
 */
class ValueNamer {
  private readonly own = new Map<string, Tensor>()
  private readonly names = new Map<object, string>()
  private count = 0

  constructor(order: readonly Tensor[]) {
    for (const t of order) {
      const name = ownName(t)
      if (name === undefined) continue
      if (this.own.has(name)) throw new SpanforgeError(`duplicate value name ${name}`)
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

/** Returns the indices of the used results of each node. */
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

function encodeNode(node: Node, used: ReadonlySet<number>, namer: ValueNamer): Encoded[] {
  const { hasAllResults } = node.op
  const results = Array.from({ length: hasAllResults ? node.outputs.length : Math.max(...used) + 1 }, (_, i) =>
    hasAllResults || i === 0 || used.has(i) ? namer.resultOf(node, i) : '',
  )
  return [
    ...node.inputs.map((x) => textField(1, namer.nameOf(x))),
    ...results.map((name) => textField(2, name)),
    textField(3, namer.resultOf(node, 0)),
    textField(4, node.op.type),
    ...Object.entries(node.attributes).map(([name, value]) =>
      messageField(5, textField(1, name), ...attribute(name, value)),
    ),
    ...(node.op.domain ? [textField(7, node.op.domain)] : []),
  ]
}

function attribute(name: string, value: Attribute): Encoded[] {
  const type = (kind: keyof typeof ATTRIBUTE_TYPE) => integerField(20, ATTRIBUTE_TYPE[kind])
  if (value instanceof Float) return [floatField(2, value.value), type('float')]
  if (value instanceof Floats) return [...value.values.map((v) => floatField(7, v)), type('floats')]
  if (value instanceof Tensor)
    return [messageField(5, ...tensor(name, stored(`attribute ${name}`, value))), type('tensor')]
  if (typeof value === 'number') return [integerField(3, value), type('int')]
  if (typeof value === 'string') return [textField(4, value), type('string')]
  if (isTexts(value)) return [...value.map((v) => textField(9, v)), type('strings')]
  return [...value.map((v) => integerField(8, v)), type('ints')]
}

const isTexts = (list: readonly number[] | readonly string[]): list is readonly string[] => typeof list[0] === 'string'

function stored(what: string, { shape, dtype, source }: Tensor): Initializer {
  if (source.kind !== 'constant') throw new SpanforgeError(`${what}: expected a constant`)
  return { shape: shape as readonly number[], dtype, data: () => source.data }
}

const ELEMENT_BYTES: Readonly<Record<DType, number>> = {
  float32: 4,
  float16: 2,
  int32: 4,
  int64: 8,
  int8: 1,
  uint8: 1,
  bool: 1,
}

export const byteLength = ({ shape, dtype }: Pick<Initializer, 'shape' | 'dtype'>): number =>
  elements(shape) * ELEMENT_BYTES[dtype]

/** Encodes a tensor of a graph, whose data is aligned relative to the beginning of the graph. */
function storedTensor(
  name: string,
  initializer: Initializer,
  { at, external }: { readonly at: number; readonly external?: ExternalData },
): Encoded {
  const data = dataOf(initializer)
  const place = external?.place(data)
  if (place) return messageField(5, ...tensorFacts(name, initializer), ...locationFields(place))
  const facts = tensorFacts(name, initializer)
  const raw = messageField(9, data)
  const rest = facts.reduce((total, { size }) => total + size, raw.size)
  // The data comes last.
  const position = (added: number) => at + headerSize(rest + added) + rest + added - data.size
  return messageField(5, ...facts, ...(data.size < MIN_EXTERNAL ? [] : padding(12, position)), raw)
}

const tensor = (name: string, initializer: Initializer): Encoded[] => [
  ...tensorFacts(name, initializer),
  messageField(9, dataOf(initializer)),
]

const tensorFacts = (name: string, { shape, dtype }: Initializer): Encoded[] => [
  ...shape.map((d) => integerField(1, d)),
  integerField(2, ELEMENT_TYPE[dtype]),
  textField(8, name),
]

const dataOf = (initializer: Initializer): Encoded => ({
  size: byteLength(initializer),
  get parts() {
    return initializer.slice ? slices(initializer) : [bytesOf(initializer.data())]
  },
})

/** Number of elements that are computed at once. */
const SLICE = 2 ** 20

function slices(initializer: Initializer): Encoded[] {
  const count = elements(initializer.shape)
  return Array.from({ length: Math.ceil(count / SLICE) }, (_, i) => {
    const [from, to] = [i * SLICE, Math.min(count, (i + 1) * SLICE)]
    return {
      size: byteLength({ shape: [to - from], dtype: initializer.dtype }),
      get parts() {
        return [bytesOf(initializer.slice!(from, to))]
      },
    }
  })
}

const bytesOf = ({ buffer, byteOffset, byteLength }: TensorData): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

function valueInfo(name: string, { shape, dtype }: TensorType): Encoded[] {
  const dims = shape.map((d: Dim) => messageField(1, typeof d === 'number' ? integerField(1, d) : textField(2, d)))
  return [
    textField(1, name),
    messageField(2, messageField(1, integerField(1, ELEMENT_TYPE[dtype]), messageField(2, ...dims))),
  ]
}
