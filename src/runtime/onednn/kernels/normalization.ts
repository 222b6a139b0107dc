import type { View } from '../memory.ts'
import { reshaped, size } from '../memory.ts'
import { type KernelTable, type Use, writeAs } from './kernel.ts'

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
  const gradient = matrix(use.as(dy, x.type))
  writeAs(use, x.type, dx, (to) =>
    dnn.layerNormBackward(matrix(x), norm, gradient, matrix(to), dScale, dShift, attributes.epsilon as number),
  )
}

export const normalizationKernels: KernelTable = {
  LayerNormalization: layerNorm,
  'spanforge.LayerNormGradient': layerNormBackward,
}
