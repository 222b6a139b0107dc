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

/** One ONNX operator and its gradient. The function that applies it works out the types of its results. */
export interface Op {
  readonly type: string
  /** Empty for ONNX's own operators. */
  readonly domain?: 'com.microsoft'
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

/** A gradient rule for a value that several operators compute together. */
export interface CustomGradient {
  readonly inputs: readonly Tensor[]
  readonly rule: (dy: Tensor) => readonly (Tensor | null)[]
}

export class Tensor implements TensorType {
  constructor(
    readonly shape: Shape,
    readonly dtype: DType,
    readonly source: Source,
    readonly custom?: CustomGradient,
  ) {}

  toString(): string {
    const { source } = this
    const what = source.kind === 'node' ? source.node.op.type : source.kind === 'input' ? source.name : 'constant'
    return `${what}: ${this.dtype} ${formatShape(this.shape)}`
  }
}

/** Applies an operator with several results, of the types that the caller has worked out and checked. */
export function applyAll(
  op: Op,
  inputs: readonly Tensor[],
  types: readonly TensorType[],
  attributes: Attributes = {},
): readonly Tensor[] {
  const outputs: Tensor[] = []
  const node: Node = { op, inputs, attributes, outputs }
  for (const { shape, dtype } of types)
    outputs.push(new Tensor(shape, dtype, { kind: 'node', node, output: outputs.length }))
  return outputs
}

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

/** The same value with a gradient rule of its own, which `gradient` follows instead of the operators underneath. */
export const withGradient = (y: Tensor, inputs: readonly Tensor[], rule: CustomGradient['rule']): Tensor =>
  new Tensor(y.shape, y.dtype, y.source, { inputs, rule })

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

export const nodeInputs = (t: Tensor): readonly Tensor[] => (t.source.kind === 'node' ? t.source.node.inputs : [])
