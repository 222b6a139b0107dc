import { reshaped, rowMajor, size, transposed, type View } from '../memory.ts'
import type { Binary, Eltwise } from '../primitives.ts'
import { type Kernel, type KernelTable, SMALL, type Use, writeAs } from './kernel.ts'

type Unary = (x: number) => number

/** Computes an operator in JavaScript, in float32. */
function each(use: Use, f: Unary): void {
  const [[x], [y]] = [use.inputs, use.outputs]
  const from = use.numbers(use.as(x, 'f32'))
  writeAs(use, 'f32', y, (result) => {
    const to = use.numbers(result)
    for (let i = 0; i < to.length; i++) to[i] = f(from[i])
  })
}

const unary =
  (op: Eltwise, f: Unary, alpha = 0): Kernel =>
  (use) => {
    const [[x], [y]] = [use.inputs, use.outputs]
    if (size(y.dims) > SMALL) writeAs(use, x.type, y, (to) => use.dnn.eltwise(op, x, to, alpha))
    else each(use, f)
  }

const binary =
  (op: Binary, f: (a: number, b: number) => number): Kernel =>
  (use) => {
    const [[a, b], [y]] = [use.inputs, use.outputs]
    // oneDNN broadcasts one operand, not both.
    const isOuter = [a, b].every((x) => size(x.dims) < size(y.dims))
    if ((size(y.dims) > SMALL && !isOuter) || [a, b, y].some(({ type }) => type !== 'f32')) {
      large(use, op, a, b, y)
      return
    }
    const [left, right, to] = [use.numbers(a), use.numbers(b), use.numbers(y)]
    const [atLeft, atRight] = [a, b].map((x) => broadcastIndex(x.dims, y.dims))
    const width = y.dims.at(-1) ?? 1
    const [leftStep, rightStep] = [a, b].map((x) => (x.dims.at(-1) === width ? 1 : 0))
    for (let start = 0; start < to.length; start += width) {
      const [fromLeft, fromRight] = [atLeft(start), atRight(start)]
      for (let i = 0; i < width; i++) to[start + i] = f(left[fromLeft + i * leftStep], right[fromRight + i * rightStep])
    }
  }

function large(use: Use, op: Binary, a: View, b: View, y: View): void {
  if (size(a.dims) === size(y.dims)) broadcastSecond(use, op, a, b, y)
  else if (op === 'add' || op === 'mul') broadcastSecond(use, op, b, a, y)
  else broadcastFirst(use, op, a, b, y)
}

/** oneDNN broadcasts the second operand only: a - b is -b + a, and a / b is 1/b a. */
function broadcastFirst(use: Use, op: 'sub' | 'div', a: View, b: View, y: View): void {
  const inverse = use.temporary(b.type, b.dims)
  if (op === 'sub') use.dnn.eltwise('linear', b, inverse, -1)
  else use.dnn.eltwise('pow', b, inverse, 1, -1)
  broadcastSecond(use, op === 'sub' ? 'add' : 'mul', inverse, a, y)
}

/** y = a op b, where b is broadcast. oneDNN is only fast at this if there are few axes. */
function broadcastSecond({ dnn }: Use, op: Binary, a: View, b: View, y: View): void {
  const { whole, part } = mergedAxes(y.dims, b.dims)
  dnn.binary(op, reshaped(a, whole), reshaped(b, part), reshaped(y, whole))
}

/** Merges axes of `whole`, and of `part`, which is broadcast to it, so that there are as few as possible. */
function mergedAxes(whole: readonly number[], part: readonly number[]) {
  const merged = { whole: [] as number[], part: [] as number[] }
  const padded = [...new Array(whole.length - part.length).fill(1), ...part]
  let isRepeated: boolean | undefined
  for (const [axis, dim] of whole.entries()) {
    if (dim === 1) continue
    const isLikeLast = isRepeated === (padded[axis] === 1)
    isRepeated = padded[axis] === 1
    if (isLikeLast) {
      merged.whole.push(merged.whole.pop()! * dim)
      merged.part.push(merged.part.pop()! * padded[axis])
    } else {
      merged.whole.push(dim)
      merged.part.push(padded[axis])
    }
  }
  return merged.whole.length > 0 ? merged : { whole: [1], part: [1] }
}

/** Returns the index of the operand's element that belongs to element i of the result. */
function broadcastIndex(dims: readonly number[], to: readonly number[]): (i: number) => number {
  if (size(dims) === size(to)) return (i) => i
  if (size(dims) === 1) return () => 0
  const [strides, own] = [rowMajor(to), rowMajor(dims)]
  const offset = to.length - dims.length
  return (i) => {
    let index = 0
    for (let axis = offset; axis < to.length; axis++)
      if (dims[axis - offset] > 1) index += (Math.floor(i / strides[axis]) % to[axis]) * own[axis - offset]
    return index
  }
}

/** Multiplies by a single scale, without a zero point. */
const dequantize: Kernel = ({ dnn, numbers, inputs: [x, scale], outputs: [y] }) => {
  dnn.reorder(x, y)
  dnn.eltwise('linear', y, y, numbers(scale)[0])
}

const dropout: Kernel = ({ dnn, inputs: [x, mask], outputs: [y], attributes }) =>
  dnn.binary('mul', x, mask, y, attributes.scale as number)

function dropoutAdd(use: Use): void {
  const [x, mask, residual] = use.inputs
  const [y] = use.outputs
  const kept = use.temporary(y.type, y.dims)
  use.dnn.binary('mul', x, mask, kept, use.attributes.scale as number)
  use.dnn.binary('add', kept, residual, y)
}

/**
 * Sums over the first or the last axes are computed as products with ones, for which oneDNN has fast code; other sums
 * are small.
 */
function reduceSum(use: Use): void {
  const [[x], [y]] = [use.inputs, use.outputs]
  const axes = (use.attributes.axes as readonly number[] | undefined) ?? x.dims.map((_, axis) => axis)
  const [count, others] = [size(x.dims) / size(y.dims), size(y.dims)]
  const ones = () => use.ones(x.type, count)
  const multiply = (a: View, b: View, dims: readonly number[]) =>
    use.dnn.matmul(a, b, reshaped(y, dims), { name: 'sums' })
  const isLarge = size(x.dims) > SMALL && others > 1
  if (isLarge && axes.every((axis) => axis < axes.length)) multiply(ones(), reshaped(x, [count, others]), [1, others])
  else if (isLarge && axes.every((axis) => axis >= x.dims.length - axes.length))
    multiply(reshaped(x, [others, count]), transposed(ones()), [others, 1])
  else sumHere(use, x, y, axes)
}

function sumHere(use: Use, x: View, y: View, axes: readonly number[]): void {
  const [from, to] = [use.numbers(use.as(x, 'f32')), use.numbers(y)]
  const at = broadcastIndex(
    x.dims.map((d, axis) => (axes.includes(axis) ? 1 : d)),
    x.dims,
  )
  const sums = new Float64Array(to.length)
  for (let i = 0; i < from.length; i++) sums[at(i)] += from[i]
  to.set(sums)
}

/** The error function: its series near 0, otherwise the continued fraction of its complement. */
function erf(x: number): number {
  const z = Math.abs(x)
  if (z > 6) return Math.sign(x)
  if (z < 2) {
    let [term, sum] = [x, x]
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && n < 100; n++) {
      term *= (-x * x) / n
      sum += term / (2 * n + 1)
    }
    return (2 / Math.sqrt(Math.PI)) * sum
  }
  let fraction = 0
  for (let n = 60; n > 0; n--) fraction = n / 2 / (z + fraction)
  return Math.sign(x) * (1 - Math.exp(-z * z) / Math.sqrt(Math.PI) / (z + fraction))
}

export const elementwiseKernels: KernelTable = {
  Add: binary('add', (a, b) => a + b),
  Sub: binary('sub', (a, b) => a - b),
  Mul: binary('mul', (a, b) => a * b),
  Div: binary('div', (a, b) => a / b),
  Neg: unary('linear', (x) => -x, -1),
  Exp: unary('exp', Math.exp),
  Log: unary('log', Math.log),
  Sqrt: unary('sqrt', Math.sqrt),
  Tanh: unary('tanh', Math.tanh),
  Sigmoid: unary('logistic', (x) => 1 / (1 + Math.exp(-x))),
  Relu: unary('relu', (x) => Math.max(0, x)),
  Erf: (use) => each(use, erf),
  Sin: (use) => each(use, Math.sin),
  Cos: (use) => each(use, Math.cos),
  Sign: (use) => each(use, Math.sign),
  ReduceSum: reduceSum,
  DequantizeLinear: dequantize,
  'spanforge.Dropout': dropout,
  'spanforge.DropoutAdd': dropoutAdd,
}
