import { apply } from '../../graph/tensor.ts'
import type { StoredWeights } from '../stored-weights.ts'
import type { Product } from './products.ts'

/** Number of consecutive weights of an output that share a scale. */
const BLOCK = 32

/**
 * Lets the kernel multiply 8-bit integers, with one scale per block of activations. Not for float16: there, ONNX Runtime
 * 1.30 computes wrong results on a CPU.
 */
const INTEGER_PRODUCTS = { accuracy_level: 4 }

/**
 * Products with weights of 4 or 8 bits in blocks of 32 that share a scale (MatMulNBits of com.microsoft). Each row of
 * activations is computed on its own, so the result does not depend on the rest of the batch.
 */
export function blockProduct(weights: StoredWeights, bits: 4 | 8, isHalf = false): Product {
  return (x, weight, type) => {
    const [out, size] = weight.shape
    // Incomplete blocks are rare, and few runtimes compute them.
    if (size % BLOCK !== 0) return undefined
    const blocks = size / BLOCK
    const values = () => weights.values(weight.name)
    const q = weights.add(`${weight.name}_q${bits}`, {
      shape: [out, blocks, (BLOCK * bits) / 8],
      dtype: 'uint8',
      data: () => packed(values(), bits),
    })
    const scales = weights.add(`${weight.name}_scales`, {
      shape: [out * blocks],
      dtype: 'float32',
      data: () => blockScales(values(), bits),
    })
    const attributes = { K: size, N: out, bits, block_size: BLOCK, ...(!isHalf && INTEGER_PRODUCTS) }
    return apply({ type: 'MatMulNBits', domain: 'com.microsoft' }, [x, q, scales], type, attributes)
  }
}

/** The value that is furthest from 0 becomes the lowest integer, which has one step more than the highest. */
function blockScales(values: Float32Array, bits: number): Float32Array {
  const scales = new Float32Array(values.length / BLOCK)
  for (let b = 0; b < scales.length; b++) {
    let peak = 0
    for (let i = b * BLOCK; i < (b + 1) * BLOCK; i++) if (Math.abs(values[i]) > Math.abs(peak)) peak = values[i]
    scales[b] = -peak / 2 ** (bits - 1)
  }
  return scales
}

/** Integers with 0 in the middle of their range, the first of two in the lower half of a byte. */
function packed(values: Float32Array, bits: number): Uint8Array {
  const scales = blockScales(values, bits)
  const zero = 2 ** (bits - 1)
  const perByte = 8 / bits
  const bytes = new Uint8Array(values.length / perByte)
  for (let i = 0; i < values.length; i++) {
    const scale = scales[Math.floor(i / BLOCK)]
    const q = scale === 0 ? zero : Math.min(2 * zero - 1, Math.max(0, Math.round(values[i] / scale) + zero))
    bytes[Math.floor(i / perByte)] |= q << (bits * (i % perByte))
  }
  return bytes
}
