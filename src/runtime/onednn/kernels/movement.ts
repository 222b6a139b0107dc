import { BYTES, size } from '../memory.ts'
import type { Kernel, Kernels } from './kernel.ts'

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

export const movement: Kernels = {
  Gather: gather,
  'spanforge.PermuteRows': permuteRows,
  Reshape: reshape,
  Cast: cast,
}
