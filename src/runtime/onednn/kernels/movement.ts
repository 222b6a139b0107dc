import { BYTES, reshaped, size, type View } from '../memory.ts'
import { type Kernel, type KernelTable, type Use, writeAs } from './kernel.ts'

/** Gathers rows of a table [n, width] at an index [...]. */
const gather: Kernel = ({ inputs: [table, index], outputs: [y], copyRows, integers }) =>
  copyRows(table, y, integers(index))

/** Reorders the rows of x [...from, width]. */
const permuteRows: Kernel = ({ as, inputs: [x, index], outputs: [y], copyRows, integers }) =>
  copyRows(as(x, y.type), y, integers(index))

/** Element j of row i is element index[i, j] of row i of x: x [..., m, n] at an index [m, k]. */
const takeAlong: Kernel = (use) => {
  const [x, index] = use.inputs
  const [y] = use.outputs
  const [rows, width] = index.dims
  const from = use.numbers(use.as(x, 'f32'))
  const places = use.integers(index)
  const n = x.dims.at(-1)!
  writeNumbers(use, y, (to) => {
    for (let row = 0; row < to.length / width; row++)
      for (let j = 0, at = (row % rows) * width; j < width; j++) to[row * width + j] = from[row * n + places[at + j]]
  })
}

/** Adds dy to the places of dx from which the index took values. */
const takeAlongGradient: Kernel = (use) => {
  const [dy, , index] = use.inputs
  const [dx] = use.outputs
  const [rows, width] = index.dims
  const from = use.numbers(use.as(dy, 'f32'))
  const places = use.integers(index)
  const n = dx.dims.at(-1)!
  writeNumbers(use, dx, (to) => {
    to.fill(0)
    for (let row = 0; row < from.length / width; row++)
      for (let j = 0, at = (row % rows) * width; j < width; j++) to[row * n + places[at + j]] += from[row * width + j]
  })
}

/** Computes a result as float32 and rounds it to the type of the result. */
const writeNumbers = (use: Use, y: View, compute: (to: Float32Array) => void): void =>
  writeAs(use, 'f32', y, (to) => compute(use.numbers(to)))

/** Copies an array if the result has memory of its own, such as an output of the graph; otherwise they share it. */
const reshape: Kernel = (use) => {
  const [[x], [y]] = [use.inputs, use.outputs]
  if (x.address !== y.address) use.copy(x, y, size(x.dims) * BYTES[x.type])
}

/** Returns `width` columns of an array, starting at `offset`. */
function columns(x: View, offset: number, width: number): View {
  return reshaped(x, [...x.dims.slice(0, -1), width], [...x.strides], offset)
}

/** Splits an array along the last axis. */
const split: Kernel = ({ dnn, inputs: [x], outputs }) => {
  let offset = 0
  for (const y of outputs) {
    dnn.reorder(columns(x, offset, y.dims.at(-1)!), y)
    offset += y.dims.at(-1)!
  }
}

/** Concatenates arrays along the last axis. */
const concat: Kernel = ({ dnn, inputs, outputs: [y] }) => {
  let offset = 0
  for (const x of inputs) {
    dnn.reorder(x, columns(y, offset, x.dims.at(-1)!))
    offset += x.dims.at(-1)!
  }
}

const transpose: Kernel = ({ dnn, inputs: [x], outputs: [y], attributes }) => {
  const perm = attributes.perm as readonly number[]
  const [dims, strides] = [x.dims, x.strides].map((list) => perm.map((axis) => list[axis]))
  dnn.reorder(reshaped(x, dims, strides), y)
}

const cast: Kernel = ({ dnn, inputs: [x], outputs: [y] }) => dnn.reorder(x, y)

export const movementKernels: KernelTable = {
  Gather: gather,
  'spanforge.PermuteRows': permuteRows,
  'spanforge.TakeAlong': takeAlong,
  'spanforge.TakeAlongGradient': takeAlongGradient,
  Reshape: reshape,
  // Steps run in the order of the graph, so this one comes after all of its operands.
  'spanforge.After': reshape,
  Split: split,
  Concat: concat,
  Transpose: transpose,
  Cast: cast,
}
