import type { View } from '../memory.ts'
import { reshaped, size } from '../memory.ts'
import type { KernelTable, Use } from './kernel.ts'

const matrix = (x: View): View => reshaped(x, [size(x.dims) / x.dims.at(-1)!, x.dims.at(-1)!])
const column = (x: View): View => reshaped(x, [size(x.dims)])

/** Results: y, the mean of each row and, where ONNX has 1 / deviation, its variance. */
function layerNorm({ dnn, inputs, outputs, attributes }: Use): void {
  const [x, scale, shift] = inputs
  const [y, mean, variance] = outputs
  const norm = { mean: column(mean), variance: column(variance), scale, shift }
  dnn.layerNorm(matrix(x), norm, matrix(y), attributes.epsilon as number)
}

function layerNormBackward(use: Use): void {
  const { dnn, inputs, outputs, attributes } = use
  const [dy, x, scale, mean, variance] = inputs
  const [dx, dScale, dShift] = outputs
  const norm = { mean: column(mean), variance: column(variance), scale, shift: scale }
  const result = dx.type === x.type ? dx : use.temporary(x.type, dx.dims)
  dnn.layerNormBackward(
    ...([matrix(x), norm, matrix(use.as(dy, x.type)), matrix(result), dScale, dShift] as const),
    attributes.epsilon as number,
  )
  if (result !== dx) dnn.reorder(result, dx)
}

export const normalizationKernels: KernelTable = {
  LayerNormalization: layerNorm,
  'spanforge.LayerNormGradient': layerNormBackward,
}
