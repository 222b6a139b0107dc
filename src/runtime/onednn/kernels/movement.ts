import { BYTES, size, type View } from '../memory.ts'
import type { Kernel, Kernels, Use } from './kernel.ts'

/** Rows of a table [n, width] at an index [...]. */
const gather: Kernel = (use) => {
  const [table, index] = use.inputs
  const width = table.dims[1]
  const [from, to] = [use.numbers(table), use.numbers(use.outputs[0])]
  const rows = use.integers(index)
  for (let i = 0; i < rows.length; i++) to.set(from.subarray(rows[i] * width, (rows[i] + 1) * width), i * width)
}

/** Rows of x [...from, width] in another order. */
const permuteRows: Kernel = (use) => {
  const [x, index] = use.inputs
  const [y] = use.outputs
  const width = x.dims.at(-1)!
  const [from, to] = [use.numbers(x), use.numbers(y)]
  const rows = use.integers(index)
  for (let i = 0; i < rows.length; i++) for (let j = 0; j < width; j++) to[i * width + j] = from[rows[i] * width + j]
}

/** A result with memory of its own, such as an output of the graph; others share their operand's. */
const reshape: Kernel = (use) => {
  const [[x], [y]] = [use.inputs, use.outputs]
  if (x.address !== y.address) use.copy(x, y, size(x.dims) * BYTES[x.type])
}

const cast: Kernel = ({ dnn, inputs: [x], outputs: [y] }) => dnn.reorder(x, y)

/** Copies columns of a matrix: `from` on to `to`, `count` of each row. */
function copyColumns(x: Float32Array, y: Float32Array, rows: number, { from, to, count }: Columns): void {
  const [wide, narrow] = [x.length / rows, y.length / rows]
  for (let r = 0; r < rows; r++) y.set(x.subarray(r * wide + from, r * wide + from + count), r * narrow + to)
}

interface Columns {
  readonly from: number
  readonly to: number
  readonly count: number
}

/** The array to write a float32 result into, and what brings it to its place. */
function written(use: Use, y: View): { readonly data: Float32Array; readonly finish: () => void } {
  if (y.type === 'f32') return { data: use.numbers(y), finish: () => {} }
  const whole = use.temporary('f32', y.dims)
  return { data: use.numbers(whole), finish: () => use.dnn.reorder(whole, y) }
}

/** Parts of the last axis. */
const split: Kernel = (use) => {
  const [x] = use.inputs
  const data = use.numbers(use.as(x, 'f32'))
  const rows = size(x.dims.slice(0, -1))
  let from = 0
  for (const y of use.outputs) {
    const { data: part, finish } = written(use, y)
    const count = y.dims.at(-1)!
    copyColumns(data, part, rows, { from, to: 0, count })
    finish()
    from += count
  }
}

/** Tensors joined along their last axis. */
const concat: Kernel = (use) => {
  const [y] = use.outputs
  const { data, finish } = written(use, y)
  const rows = size(y.dims.slice(0, -1))
  let to = 0
  for (const x of use.inputs) {
    const count = x.dims.at(-1)!
    copyColumns(use.numbers(use.as(x, 'f32')), data, rows, { from: 0, to, count })
    to += count
  }
  finish()
}

export const movement: Kernels = {
  Gather: gather,
  'spanforge.PermuteRows': permuteRows,
  Reshape: reshape,
  Cast: cast,
  Split: split,
  Concat: concat,
}
