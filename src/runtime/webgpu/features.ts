import { ELEMENT_TYPE } from '../../graph/data.ts'
import { apply, input } from '../../graph/tensor.ts'
import { encodeModel } from '../../onnx/encode.ts'
import { toBytes } from '../../protobuf.ts'
import { float32Value } from '../engine.ts'
import type { DeviceMemory } from './device-memory.ts'

/** The features that a device supports, determined by trying them. */
export interface DeviceFeatures {
  readonly 'shader-f16': boolean
}

/** x, rounded to float16. */
function rounding(): Uint8Array {
  const x = input('x', [1])
  const cast = (dtype: 'float16' | 'float32', of = x) =>
    apply({ type: 'Cast' }, [of], { shape: [1], dtype }, { to: ELEMENT_TYPE[dtype] })
  return toBytes(encodeModel({ y: cast('float32', cast('float16')) }))
}

const PROBE = -1

/** @throws Error if the device cannot compute at all */
export async function probe(memory: DeviceMemory): Promise<DeviceFeatures> {
  const x = float32Value(Float32Array.of(1), [1])
  await memory.write({ probe: x })
  await memory.free(['probe'])
  await memory.compile(PROBE, rounding())
  const hasFloat16 = await memory.run(PROBE, { x }).then(
    () => true,
    () => false,
  )
  await memory.release(PROBE)
  return { 'shader-f16': hasFloat16 }
}
