/** Symbolic tensors. Creating a tensor infers its shape but computes nothing. */
import { SpanforgeError } from '../errors.ts'
import { type DType, type TensorData, toTensorData } from './data.ts'
import { formatShape, product, type Shape } from './shape.ts'

/**
 * An attribute of an operator. Numbers are integers unless wrapped in `Float` or `Floats`. A tensor must be a constant.
 */
export type Attribute = number | readonly number[] | string | readonly string[] | Float | Floats | Tensor
export type Attributes = Readonly<Record<string, Attribute>>
export interface TensorType {
  readonly shape: Shape
  readonly dtype: DType
}

/**
 * A floating-point attribute. The wrapper is necessary because ONNX distinguishes 1 and 1.0 and JavaScript does not.
 */
export class Float {
  constructor(readonly value: number) {}
}

/** A list of floating-point numbers as an attribute. */
export class Floats {
  constructor(readonly values: readonly number[]) {}
}

/**
 * An operator and its gradient. Operators belong to ONNX, ONNX Runtime (com.microsoft), or are composites of other
 * operators (spanforge). The function that applies an operator infers the types of its results.
 */
export interface Op {
  readonly type: string
  /** Empty for standard ONNX operators. */
  readonly domain?: 'com.microsoft' | 'spanforge'
  /** Whether it has as many results as its attributes and operands say, so that unused ones cannot be left out. */
  readonly hasAllResults?: boolean
  /**
   * Expresses the results of a composite through other operators. `lowering/` calls it for engines without a rule of
   * their own.
   */
  lower?(node: Node): readonly Tensor[]
  /**
   * Given dL/dy of the first result, returns dL/dx for each operand, or null if no gradient flows to it. `gradient`
   * reverses broadcasting.
   */
  gradient?(dy: Tensor, node: Node): readonly (Tensor | null)[]
  /** The same for an operator of which several results have a gradient; undefined for one that the loss does not use. */
  gradients?(dys: readonly (Tensor | undefined)[], node: Node): readonly (Tensor | null)[]
  /** Whether the gradients of weights among its operands are to be added up before those of other operands are used. */
  readonly weightsFirst?: boolean
}

/** An application of an operator. */
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

/** Creates a node. The caller has inferred and checked the types of the results. */
export function createNode(
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

/** Applies an operator and returns all of its results. */
export const applyAll = (...use: Parameters<typeof createNode>): readonly Tensor[] => createNode(...use).outputs

/** Applies an operator with a single result. */
export const apply = (op: Op, inputs: readonly Tensor[], type: TensorType, attributes: Attributes = {}): Tensor =>
  applyAll(op, inputs, [type], attributes)[0]

/** Creates a value that is fed by name when the graph runs. */
export const input = (name: string, shape: Shape, dtype: DType = 'float32'): Tensor =>
  new Tensor(shape, dtype, { kind: 'input', name })

/**
 * Creates a value that is part of the graph. A typed array is used without a copy; plain numbers are converted.
 * @param name name in the encoded model (default: a generated short name)
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
      `constant${name ? ` ${name}` : ''}: found ${data.length} elements, expected ${product(shape)} for shape ` +
        formatShape(shape),
    )
  return new Tensor(shape, dtype, { kind: 'constant', data, name })
}

export const scalar = (value: number, dtype: DType = 'float32'): Tensor => constant([value], [], dtype)

/** The outputs of a computation, by name. */
export type Graph = Readonly<Record<string, Tensor>>

/**
 * Returns all tensors on which `outputs` depend, operands before results. `operands` returns the dependencies of a
 * tensor.
 */
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

/** Returns all nodes on which `outputs` depend, operands before results. */
export const nodesOf = (outputs: readonly Tensor[]): Node[] => [
  ...new Set(topologicalOrder(outputs).flatMap(({ source }) => (source.kind === 'node' ? [source.node] : []))),
]

export const nodeInputs = (t: Tensor): readonly Tensor[] => (t.source.kind === 'node' ? t.source.node.inputs : [])

/** Returns a qualified name, such as Gemm, com.microsoft.FusedMatMul or spanforge.Gelu. */
export const operatorName = ({ type, domain }: Op): string => (domain ? `${domain}.${type}` : type)
