/** A graph as a list of steps that can be sent to another thread: which operators run, in what order, on which values. */
import { SpanforgeError } from '../../errors.ts'
import type { DType, TensorData } from '../../graph/data.ts'
import { formatShape, type Shape } from '../../graph/shape.ts'
import {
  Float,
  type Graph,
  type Node,
  nodesOf,
  operatorName,
  type Tensor,
  topologicalOrder,
} from '../../graph/tensor.ts'
import { type Dialect, lower } from '../../lowering/lower.ts'
import type { Precision } from '../engine.ts'
import { isMask, keptOf, maskOf } from './dropout-masks.ts'
import { activationOps } from './kernels/activations.ts'
import { kernels } from './kernels/index.ts'
import type { ElementType } from './memory.ts'
import type { FusedActivation } from './primitives.ts'

/** A value of the program. */
export interface Slot {
  readonly shape: Shape
  readonly type: ElementType
}

/** An operation that a product applies to its result before writing it; `slot` is its second operand. */
export type FusedOp =
  | FusedActivation
  | { readonly op: 'scale'; readonly by: number }
  | { readonly op: 'add' | 'mul'; readonly slot: number }

export interface Step {
  readonly op: string
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
  readonly attributes: Readonly<Record<string, number | readonly number[]>>
  readonly post: readonly FusedOp[]
  /** Slots that no later step reads. */
  readonly last: readonly number[]
  /** For an attention whose gradient is also in the graph: the number under which it saves its probabilities. */
  readonly saved?: number
  /** Whether the first two operands of a product are not rounded, unlike those of other products. */
  readonly isExact?: boolean
}

export interface Program {
  readonly slots: readonly Slot[]
  readonly steps: readonly Step[]
  readonly inputs: Readonly<Record<string, number>>
  readonly outputs: Readonly<Record<string, number>>
  readonly constants: readonly { readonly slot: number; readonly data: TensorData }[]
}

/** The composites that have a kernel stay as they are. */
const dialect: Dialect = {
  name: 'oneDNN',
  runs: new Set(Object.keys(kernels).filter((name) => name.startsWith('spanforge.'))),
}

const ELEMENT: Readonly<Partial<Record<DType, ElementType>>> = {
  ...{ float32: 'f32', int32: 's32', uint8: 'u8', bool: 'u8' },
}

/**
 * Returns the program for a processor with or without AMX.
 * @throws SpanforgeError for an operator that no kernel computes
 */
export const programOf = (graph: Graph, precision: Precision, hasAmx = false): Program =>
  new Builder(lower(graph, dialect), precision, hasAmx).program()

interface MutableStep extends Step {
  op: string
  outputs: readonly number[]
  post: FusedOp[]
  saved?: number
}

const PRODUCTS: ReadonlySet<string> = new Set(['spanforge.Linear', 'Gemm'])
const ACTIVATION_GRADIENTS: ReadonlySet<string> = new Set(Object.keys(activationOps).map((name) => `${name}Gradient`))

class Builder {
  private readonly slots: Slot[] = []
  private readonly slotOf = new Map<Tensor, number>()
  private readonly constants: { slot: number; data: TensorData }[] = []
  private readonly inputs: Record<string, number> = {}
  private readonly uses = new Map<Tensor, number>()
  private readonly results: ReadonlySet<Tensor>
  /** The steps in order. If a step is fused with an earlier product, that product moves to the place of the step. */
  private readonly steps = new Set<MutableStep>()
  private readonly stepOf = new Map<Tensor, MutableStep>()
  private readonly hasGradients: boolean
  /** Values of attention, which are only factors. */
  private readonly values: ReadonlySet<Tensor>
  /** Operands of activations. */
  private readonly activated: ReadonlySet<Tensor>
  /** Operands of activations at which gradients are computed. */
  private readonly differentiated: ReadonlySet<Tensor>
  /** The rounded copies of results that are stored in float32 and become factors. */
  private readonly roundedOf = new Map<Tensor, number>()

  constructor(
    private readonly graph: Graph,
    private readonly precision: Precision,
    private readonly hasAmx: boolean,
  ) {
    this.results = new Set(Object.values(graph))
    for (const t of this.results) this.count(t)
    const nodes = nodesOf([...this.results])
    for (const node of nodes) for (const x of node.inputs) this.count(x)
    this.hasGradients = nodes.some(({ op }) => operatorName(op).endsWith('Gradient'))
    this.activated = new Set(nodes.filter(({ op }) => activationOps[operatorName(op)]).map(({ inputs }) => inputs[0]))
    this.differentiated = new Set(
      nodes.filter(({ op }) => ACTIVATION_GRADIENTS.has(operatorName(op))).map(({ inputs }) => inputs[1]),
    )
    this.values = new Set(
      nodes.filter(({ op }) => operatorName(op) === 'spanforge.PackedAttention').map(({ inputs }) => inputs[2]),
    )
  }

  program(): Program {
    const tensors = Object.values(this.graph)
    for (const t of topologicalOrder(tensors)) if (t.source.kind === 'input') this.inputs[t.source.name] = this.slot(t)
    const nodes = nodesOf(tensors)
    // Dropout applies masks without computing their values. They are computed only for other operators.
    const wanted = new Set([...tensors, ...nodes.flatMap((node) => node.inputs.filter((x) => x !== maskOf(node)))])
    for (const node of nodes) if (!isMask(node.outputs[0]) || wanted.has(node.outputs[0])) this.add(node)
    this.shareProbabilities(nodes)
    const taken = new Set([...Object.values(this.inputs), ...this.constants.map(({ slot }) => slot)])
    const outputs = Object.fromEntries(Object.entries(this.graph).map(([name, t]) => [name, this.output(t, taken)]))
    const { slots, inputs, constants } = this
    return { slots, inputs, outputs, constants, steps: withLifetimes([...this.steps]) }
  }

  /** Returns a slot of its own for an output, to which the value of an input, a constant or another output is copied. */
  private output(t: Tensor, taken: Set<number>): number {
    const slot = this.slot(t)
    if (!taken.has(slot)) {
      taken.add(slot)
      return slot
    }
    const copy = this.slots.push(this.slots[slot]) - 1
    this.steps.add({ op: 'Reshape', inputs: [slot], outputs: [copy], attributes: {}, post: [], last: [] })
    return copy
  }

  private count(t: Tensor): void {
    this.uses.set(t, (this.uses.get(t) ?? 0) + 1)
  }

  private add(node: Node): void {
    const name = operatorName(node.op)
    if (this.fuse(name, node) || this.activate(name, node)) return
    if (!kernels[name])
      throw new SpanforgeError(`oneDNN: the operator ${name} of this model is not supported`, {
        remedy: 'Use --engine onnxruntime.',
      })
    // Shapes and axes are int64 constants, but the steps know their shapes, and have axes as an attribute.
    const masked = maskOf(node)
    const operands = node.inputs.filter((x) => x.dtype !== 'int64').map((x) => (x === masked ? keptOf(x).kept : x))
    const axes = name === 'ReduceSum' && node.inputs[1]?.source
    const attributes = {
      ...numeric(node.attributes),
      ...(axes && axes.kind === 'constant' && { axes: Array.from(axes.data, Number) }),
      ...(masked && { scale: keptOf(masked).scale }),
      ...(name === 'spanforge.LayerNormGradient' && { epsilon: epsilonOf(node.inputs[3]) }),
    }
    const isExact = this.isExact(name, node.outputs[0], operands)
    const isGradient = ACTIVATION_GRADIENTS.has(name)
    const isRounded = (i: number) => i < 2 && (isGradient || (PRODUCTS.has(name) && !isExact))
    const inputs = operands.map((x, i) => (isRounded(i) ? this.rounded(x) : this.slot(x)))
    const step: MutableStep = {
      ...{ op: name, inputs, attributes, post: [], last: [] },
      outputs: node.outputs.map((y, i) => this.slot(y, this.resultType(name, i, y, operands))),
      ...(isExact && { isExact }),
    }
    this.place(step, node.outputs)
    // The gradient needs only the rounded operand, which takes half of the memory until then.
    if (this.hasGradients && activationOps[name]) this.rounded(operands[0])
  }

  private place(step: MutableStep, outputs: readonly Tensor[]): void {
    this.steps.delete(step)
    this.steps.add(step)
    for (const y of outputs) this.stepOf.set(y, step)
  }

  /** Fuses a node with the product that computes its operand, if nothing else uses the operand. */
  private fuse(name: string, { inputs, outputs: [y] }: Node): boolean {
    const [x, ...rest] = inputs
    if (name === 'Add') {
      const [a, b] = [this.product(inputs[0], y), this.product(inputs[1], y)]
      const later = [...this.steps].reverse().find((step) => step === a || step === b)
      if (!later) return false
      const other = later === a ? inputs[1] : inputs[0]
      if (formatShape(other.shape) !== formatShape(y.shape)) return false
      // A result may be added to the values that its memory contains. Without AVX512_BF16, oneDNN is fast at this only
      // if it is the first operation.
      if (this.results.has(y) && later.post.length > 0) return false
      return this.extend(later, y, [{ op: 'add', slot: this.slot(other) }])
    }
    const step = this.product(x, y)
    if (!step) return false
    if (activationOps[name]) return this.extend(step, y, [activationOps[name]], this.resultType(name, 0, y, [x]))
    if (name !== 'spanforge.Dropout' && name !== 'spanforge.DropoutAdd') return false
    const [mask, residual] = rest
    const { kept, scale } = keptOf(mask)
    const dropout: FusedOp[] = [
      { op: 'scale', by: scale },
      { op: 'mul', slot: this.slot(kept) },
    ]
    return this.extend(step, y, residual ? [...dropout, { op: 'add', slot: this.slot(residual) }] : dropout)
  }

  /**
   * Fuses an activation with the layer before it if, besides the activation, only the activation's gradient uses the layer's
   * float32 result. That gradient takes a rounded operand, so the result is stored rounded.
   */
  private activate(name: string, { inputs: [x], outputs: [y] }: Node): boolean {
    const step = this.stepOf.get(x)
    const isReadByGradient = this.differentiated.has(x) && this.uses.get(x) === 2
    if (!activationOps[name] || step?.op !== 'spanforge.Linear' || step.post.length > 0) return false
    if (!isReadByGradient || !isTokenRows(x) || this.typeOf(x) !== 'f32' || this.resultType(name, 0, y, [x]) !== 'bf16')
      return false
    step.op = 'ActivatedLinear'
    step.outputs = [this.roundedSlot(x), this.slot(y, 'bf16')]
    step.post = [activationOps[name]]
    this.place(step, [x, y])
    return true
  }

  /** Returns the product that computes x and can compute y instead. */
  private product(x: Tensor, y: Tensor): MutableStep | undefined {
    const step = this.stepOf.get(x)
    const isFree = step && PRODUCTS.has(step.op) && this.uses.get(x) === 1 && !this.results.has(x)
    return isFree && formatShape(x.shape) === formatShape(y.shape) ? step : undefined
  }

  private extend(
    step: MutableStep,
    y: Tensor,
    post: readonly FusedOp[],
    type: ElementType | undefined = this.slots[step.outputs[0]].type,
  ): true {
    step.post.push(...post)
    const isSum = step.post.some(({ op }) => op === 'add')
    step.outputs = [this.slot(y, isSum || this.results.has(y) ? 'f32' : type)]
    this.place(step, [y])
    return true
  }

  /** The gradient of an attention uses the probabilities that the forward pass computed. */
  private shareProbabilities(nodes: readonly Node[]): void {
    const forward = new Map<string, MutableStep>()
    let saved = 0
    for (const node of nodes) {
      const name = operatorName(node.op)
      const step = this.stepOf.get(node.outputs[0])!
      if (name === 'spanforge.PackedAttention') forward.set(step.inputs.join(), step)
      if (name !== 'spanforge.PackedAttentionGradient') continue
      const match = forward.get(step.inputs.slice(1).join())
      if (!match)
        throw new SpanforgeError('oneDNN: the graph has the gradient of an attention layer, but not the layer itself')
      match.saved ??= saved++
      step.saved = match.saved
    }
  }

  /** Returns the slot of a factor: for token rows in float32, that of a copy in bfloat16 which all products share. */
  private rounded(x: Tensor): number {
    const slot = this.slot(x)
    if (this.precision === 'float32' || !isTokenRows(x) || this.slots[slot].type !== 'f32') return slot
    const known = this.roundedOf.get(x)
    if (known !== undefined) return known
    const copy = this.roundedSlot(x)
    this.steps.add({ op: 'Cast', inputs: [slot], outputs: [copy], attributes: {}, post: [], last: [] })
    return copy
  }

  private roundedSlot(x: Tensor): number {
    const slot = this.slots.push({ shape: x.shape, type: 'bf16' }) - 1
    this.roundedOf.set(x, slot)
    return slot
  }

  private slot(t: Tensor, type?: ElementType): number {
    const known = this.slotOf.get(t)
    if (known !== undefined) return known
    const element = type ?? ELEMENT[t.dtype]
    if (!element) throw new SpanforgeError(`oneDNN: values of type ${t.dtype} are not supported (${t})`)
    const slot = this.slots.push({ shape: t.shape, type: element }) - 1
    this.slotOf.set(t, slot)
    if (t.source.kind === 'constant') this.constants.push({ slot, data: t.source.data })
    return slot
  }

  /**
   * Returns the type in which a result is stored. If factors are rounded to bfloat16, so are token rows that products,
   * activations, attention and normalizations compute, because these rows become factors. Sums around a layer and their
   * gradients, statistics, logits, the loss and the gradients of parameters are float32: rounding them would cost more
   * accuracy than the time it saves is worth. In training, normalized states are float32 too, and so is what layers
   * compute from them, which is not only a factor: queries and keys of an exact product, and inputs of activations.
   */
  private resultType(name: string, i: number, y: Tensor, operands: readonly Tensor[]): ElementType | undefined {
    if (y.dtype !== 'float32') return undefined
    if (this.precision === 'float32' || this.results.has(y) || !isTokenRows(y)) return 'f32'
    if (name === 'LayerNormalization') return i === 0 && !this.hasGradients ? 'bf16' : 'f32'
    if (name === 'spanforge.PackedAttention') return 'bf16'
    if (this.isExact(name, y, operands)) return 'f32'
    if (name === 'spanforge.Linear' && this.areExact(operands)) return this.values.has(y) ? 'bf16' : 'f32'
    if (NARROWING.has(name)) return 'bf16'
    if (name === 'spanforge.LayerNormGradient') return 'f32'
    if (name === 'spanforge.After') return this.typeOf(operands[0])
    return operands.some((x) => this.typeOf(x) === 'bf16') ? 'bf16' : 'f32'
  }

  /**
   * Whether a product is computed without rounding its factors. Gradients change most if queries and keys, and the factors of
   * layers before activations, are rounded. With AMX, float32 factors of these layers would take too much time. Rounding the
   * gradients of logits would destroy the property that they add up to zero.
   */
  private isExact(name: string, y: Tensor, operands: readonly Tensor[]): boolean {
    const isWanted =
      EXACT.has(name) ||
      (name === 'spanforge.Linear' && this.activated.has(y) && !this.hasAmx) ||
      (name === 'Gemm' && isLogits(operands[0]))
    return isWanted && this.areExact(operands)
  }

  /** Whether the factors of a product are stored in float32, although others are rounded. */
  private areExact(operands: readonly Tensor[]): boolean {
    if (this.precision === 'float32' || !this.hasGradients) return false
    return operands.slice(0, 2).every((x) => this.typeOf(x) === 'f32')
  }

  private typeOf(x: Tensor): ElementType {
    return this.slots[this.slot(x)].type
  }
}

/** Operators whose results become factors. */
const NARROWING: ReadonlySet<string> = new Set([
  ...['spanforge.Linear', 'Gemm', 'spanforge.MatMul', 'spanforge.PackedAttention'],
  ...[...Object.keys(activationOps), 'Relu', 'Sigmoid', 'Tanh'],
])

/** Products of queries and keys. Their gradients have a factor that is stored in bfloat16. */
const EXACT: ReadonlySet<string> = new Set(['spanforge.MatMul', 'spanforge.PackedAttention'])

/** Whether x has a few numbers for each token. Products with their gradients are small. */
const isLogits = (x: Tensor): boolean => typeof x.shape[0] === 'string' && !isTokenRows(x)

/** Whether x has a row of at least 16 numbers for each token; shorter rows are logits. */
const isTokenRows = ({ shape }: Tensor): boolean => {
  const width = shape.at(-1)
  return shape.some((dim) => typeof dim === 'string') && typeof width === 'number' && width >= 16
}

/**
 * Returns the epsilon of the normalization whose statistics a gradient uses: oneDNN needs the variance and epsilon, not
 * 1 / deviation.
 */
function epsilonOf({ source }: Tensor): number {
  const epsilon = source.kind === 'node' && source.node.attributes.epsilon
  if (epsilon instanceof Float) return epsilon.value
  throw new SpanforgeError('oneDNN: the gradient of a normalization that is not in the graph')
}

function numeric(attributes: Node['attributes']): Record<string, number | readonly number[]> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      value instanceof Float ? value.value : (value as number | readonly number[]),
    ]),
  )
}

/** Records in each step the slots that no later step uses. */
function withLifetimes(steps: readonly MutableStep[]): Step[] {
  const lastStep = new Map<number, number>()
  const slotsOf = ({ inputs, outputs, post }: Step) => [
    ...inputs,
    ...outputs,
    ...post.flatMap((p) => ('slot' in p ? [p.slot] : [])),
  ]
  for (const [i, step] of steps.entries()) for (const slot of slotsOf(step)) lastStep.set(slot, i)
  return steps.map((step, i) => ({
    ...step,
    last: [...new Set(slotsOf(step))].filter((slot) => lastStep.get(slot) === i),
  }))
}
