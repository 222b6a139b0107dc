/** Symbolic tensors. Building one works out its shape; nothing is computed here. */
import { SpanforgeError } from '../errors.ts'
import { type DType, type TensorData, toTensorData } from './data.ts'
import { formatShape, product, type Shape } from './shape.ts'

/** Numbers are integers unless wrapped in `Float` or `Floats`. A tensor must be a constant. */
export type Attribute = number | readonly number[] | string | readonly string[] | Float | Floats | Tensor
export type Attributes = Readonly<Record<string, Attribute>>
export interface TensorType {
  readonly shape: Shape
  readonly dtype: DType
}

/** A floating-point attribute: ONNX tells 1 and 1.0 apart, JavaScript does not. */
export class Float {
  constructor(readonly value: number) {}
}

/** Floating-point numbers as an attribute. */
export class Floats {
  constructor(readonly values: readonly number[]) {}
}

/**
 * One operator and its gradient: one of ONNX, one of ONNX Runtime (com.microsoft), or a composite (spanforge), which
 * stands for several. The function that applies it works out the types of its results.
 */
export interface Op {
  readonly type: string
  /** Empty for ONNX's own operators. */
  readonly domain?: 'com.microsoft' | 'spanforge'
  /** The results of a composite in terms of other operators. `lowering/` applies it where an engine has no better. */
  lower?(node: Node): readonly Tensor[]
  /** Given dL/dy of the first result, dL/dx for each operand; null where none flows. Broadcasting is undone by `gradient`. */
  gradient?(dy: Tensor, node: Node): readonly (Tensor | null)[]
}

/** One use of an operator. */
export interface Node {
  readonly op: Op
  readonly inputs: readonly Tensor[]
  readonly attributes: Attributes
  readonly outputs: readonly Tensor[]
}

export type Source =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'constant'; readonly data: TensorData; readonly name?: string }
  | { readonly kind: 'node'; readonly node: Node; readonly output: number }

export class Tensor implements TensorType {
  constructor(
    readonly shape: Shape,
    readonly dtype: DType,
    readonly source: Source,
  ) {}

  toString(): string {
    const { source } = this
    const what = source.kind === 'node' ? source.node.op.type : source.kind === 'input' ? source.name : 'constant'
    return `${what}: ${this.dtype} ${formatShape(this.shape)}`
  }
}

/** A use of an operator with results of the types that the caller has worked out and checked. */
export function makeNode(
  op: Op,
  inputs: readonly Tensor[],
  types: readonly TensorType[],
  attributes: Attributes = {},
): Node {
  const outputs: Tensor[] = []
  const node: Node = { op, inputs, attributes, outputs }
  for (const { shape, dtype } of types)
    outputs.push(new Tensor(shape, dtype, { kind: 'node', node, output: outputs.length }))
  return node
}

/** Applies an operator with several results. */
export const applyAll = (...use: Parameters<typeof makeNode>): readonly Tensor[] => makeNode(...use).outputs

/** Applies an operator with one result. */
export const apply = (op: Op, inputs: readonly Tensor[], type: TensorType, attributes: Attributes = {}): Tensor =>
  applyAll(op, inputs, [type], attributes)[0]

/** A value fed by name when the graph runs. */
export const input = (name: string, shape: Shape, dtype: DType = 'float32'): Tensor =>
  new Tensor(shape, dtype, { kind: 'input', name })

/**
 * A value that is part of the graph. A typed array is used as it is, without a copy; plain numbers are converted.
 * @param name what the encoded model calls it; a short name unless given
 */
export function constant(
  values: readonly number[] | TensorData,
  shape: readonly number[],
  dtype: DType = 'float32',
  name?: string,
): Tensor {
  const data = toTensorData(values, dtype)
  if (data.length !== product(shape))
    throw new SpanforgeError(
      `constant${name ? ` ${name}` : ''}: found ${data.length} elements, expected ${product(shape)} for the shape ` +
        formatShape(shape),
    )
  return new Tensor(shape, dtype, { kind: 'constant', data, name })
}

export const scalar = (value: number, dtype: DType = 'float32'): Tensor => constant([value], [], dtype)

/** What a run computes: its outputs by name. */
export type Graph = Readonly<Record<string, Tensor>>

/** Every tensor that `outputs` are made of, operands before results. `operands` says what a tensor is made of. */
export function topologicalOrder(
  outputs: readonly Tensor[],
  operands: (t: Tensor) => readonly Tensor[] = nodeInputs,
): Tensor[] {
  const order: Tensor[] = []
  const state = new Map<Tensor, 'open' | 'done'>()
  const stack: Tensor[] = [...outputs].reverse()
  while (stack.length > 0) {
    const t = stack.at(-1)!
    if (state.has(t)) {
      stack.pop()
      if (state.get(t) === 'open') order.push(t)
      state.set(t, 'done')
      continue
    }
    state.set(t, 'open')
    for (const x of [...operands(t)].reverse()) if (!state.has(x)) stack.push(x)
  }
  return order
}

/** Every use of an operator that `outputs` are made of, operands before results. */
export const nodesOf = (outputs: readonly Tensor[]): Node[] => [
  ...new Set(topologicalOrder(outputs).flatMap(({ source }) => (source.kind === 'node' ? [source.node] : []))),
]

export const nodeInputs = (t: Tensor): readonly Tensor[] => (t.source.kind === 'node' ? t.source.node.inputs : [])
