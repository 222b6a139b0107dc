import { reshaped, size, transposed, type View } from '../memory.ts'
import { type Kernel, type KernelTable, SMALL, type Use } from './kernel.ts'

const softmax: Kernel = (use) => {
  const [[x], [y]] = [use.inputs, use.outputs]
  if (size(y.dims) > SMALL) use.dnn.softmax(x, y)
  else smallSoftmax(use)
}

/**
 * Softmax or its logarithm over the last axis, computed in JavaScript in float32. `finish` receives the distance to the
 * highest value of the row.
 */
const computedHere =
  (finish: (x: number, logSum: number) => number): Kernel =>
  (use) => {
    const [[x], [y]] = [use.inputs, use.outputs]
    const [from, to] = [use.numbers(x), use.numbers(y)]
    const width = y.dims.at(-1)!
    for (let start = 0; start < to.length; start += width) {
      let highest = Number.NEGATIVE_INFINITY
      for (let i = start; i < start + width; i++) highest = Math.max(highest, from[i])
      let sum = 0
      for (let i = start; i < start + width; i++) sum += Math.exp(from[i] - highest)
      const logSum = Math.log(sum)
      for (let i = start; i < start + width; i++) to[i] = finish(from[i] - highest, logSum)
    }
  }

const smallSoftmax = computedHere((x, logSum) => Math.exp(x - logSum))

/** dx = y (dy - Σ dy y). dx and dy may be the same array. */
export function softmaxGradient(use: Use, dy: View, y: View, dx: View): void {
  const { dnn } = use
  if (dnn.hasAvx512) {
    dnn.softmaxBackward(y, dy, dx)
    return
  }
  // For other processors, oneDNN has only reference code, which takes 70 times as long.
  const width = y.dims.at(-1)!
  const rows = size(y.dims) / width
  const [gradient, share, result] = [dy, y, dx].map((x) => reshaped(x, [rows, width]))
  const product = use.temporary('f32', [rows, width])
  const sums = use.temporary('f32', [rows, 1])
  dnn.binary('mul', gradient, share, product)
  dnn.matmul(product, transposed(use.ones('f32', width)), sums, { name: 'sums' })
  dnn.binary('sub', gradient, sums, result)
  dnn.binary('mul', result, share, result)
}

export const softmaxKernels: KernelTable = {
  Softmax: softmax,
  LogSoftmax: computedHere((x, logSum) => x - logSum),
  'spanforge.SoftmaxGradient': (use) => {
    const { as, inputs, outputs } = use
    const [dy, y] = inputs.map((x) => as(x, outputs[0].type))
    softmaxGradient(use, dy, y, outputs[0])
  },
}
