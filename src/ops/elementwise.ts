import { SpanforgeError } from '../errors.ts'
import { type DType, ELEMENT_TYPE } from '../graph/data.ts'
import { broadcast } from '../graph/shape.ts'
import { apply, type Op, scalar, type Tensor } from '../graph/tensor.ts'

/** A tensor, or a number that is broadcast. */
export type Operand = Tensor | number

/** Converts both operands to tensors of the same type. A number takes the type of the other operand. */
function operands(type: string, left: Operand, right: Operand): [Tensor, Tensor] {
  const dtype = typeof left !== 'number' ? left.dtype : typeof right !== 'number' ? right.dtype : 'float32'
  const [a, b] = [left, right].map((x) => (typeof x === 'number' ? scalar(x, dtype) : x))
  if (a.dtype !== b.dtype) throw new SpanforgeError(`${type}: ${a} and ${b} have different types`)
  return [a, b]
}

function unary(type: string, rule: (dy: Tensor, x: Tensor, y: Tensor) => Tensor) {
  const op: Op = {
    type,
    gradient: (dy, { inputs: [x], outputs: [y] }) => [rule(dy, x, y)],
  }
  return (x: Tensor): Tensor => apply(op, [x], x)
}

function binary(type: string, rule: (dy: Tensor, a: Tensor, b: Tensor) => [Tensor, Tensor]) {
  const op: Op = {
    type,
    gradient: (dy, { inputs: [a, b] }) => rule(dy, a, b),
  }
  return (left: Operand, right: Operand): Tensor => {
    const [a, b] = operands(type, left, right)
    return apply(op, [a, b], { shape: broadcast(type, a.shape, b.shape), dtype: a.dtype })
  }
}

export const add = binary('Add', (dy) => [dy, dy])
export const sub = binary('Sub', (dy) => [dy, neg(dy)])
export const mul = binary('Mul', (dy, a, b) => [mul(dy, b), mul(dy, a)])
// d(a/b) = da/b - a/b^2 db
export const div = binary('Div', (dy, a, b) => [div(dy, b), neg(div(mul(dy, a), mul(b, b)))])

export const neg = unary('Neg', (dy) => neg(dy))
export const exp = unary('Exp', (dy, _x, y) => mul(dy, y))
export const log = unary('Log', (dy, x) => div(dy, x))
export const sqrt = unary('Sqrt', (dy, _x, y) => div(dy, mul(2, y)))
export const tanh = unary('Tanh', (dy, _x, y) => mul(dy, sub(1, mul(y, y))))
export const sin = unary('Sin', (dy, x) => mul(dy, cos(x)))
export const cos = unary('Cos', (dy, x) => neg(mul(dy, sin(x))))
export const sigmoid = unary('Sigmoid', (dy, _x, y) => mul(dy, mul(y, sub(1, y))))
// d erf(x) = 2/sqrt(pi) exp(-x^2) dx
export const erf = unary('Erf', (dy, x) => mul(dy, mul(2 / Math.sqrt(Math.PI), exp(neg(mul(x, x))))))
// The slope is 1 where the result is positive and 0 elsewhere, which equals sign(relu(x)).
export const relu = unary('Relu', (dy, _x, y) => mul(dy, sign(y)))
/** Returns -1, 0 or 1. Its gradient is 0 wherever it is defined. */
export const sign = unary('Sign', (dy) => mul(dy, 0))

const Cast: Op = {
  type: 'Cast',
  gradient: (dy, { inputs: [x] }) => [cast(dy, x.dtype)],
}

/** Converts a tensor to another type. Conversion to float16 rounds to nearest. */
export const cast = (x: Tensor, dtype: DType): Tensor =>
  apply(Cast, [x], { shape: x.shape, dtype }, { to: ELEMENT_TYPE[dtype] })
