import { UsageError } from '../errors.ts'
import { showValue } from '../show-value.ts'
import type { Engine } from './engine.ts'
import { onnxruntime } from './onnxruntime.ts'

/** The engines there are; the first is the default. */
export const ENGINE_NAMES = ['onnxruntime', 'openvino'] as const
export type EngineName = (typeof ENGINE_NAMES)[number]

const OPENVINO_DEVICE = /^openvino:(.+)$/

/** What a device's name says of the engine: `cpu` leaves it open, `openvino:GPU` is OpenVINO's device GPU. */
export function engineOfDevice(device: string): EngineName | undefined {
  return OPENVINO_DEVICE.test(device) ? 'openvino' : undefined
}

/**
 * An engine on a device: `cpu`, or for OpenVINO one of its own as `openvino:GPU`, `openvino:GPU.1`.
 * @throws UsageError where the two do not go together, SpanforgeError where engine or device are not there
 */
export async function createEngine(name: EngineName, device = 'cpu'): Promise<Engine> {
  const [, own] = OPENVINO_DEVICE.exec(device) ?? []
  if (device !== 'cpu' && own === undefined)
    throw new UsageError(`device: found ${showValue(device)}, expected cpu, or openvino: and a device such as GPU`)
  if (name === 'onnxruntime') {
    if (own) throw new UsageError(`device: ${device} belongs to OpenVINO, not to ONNX Runtime`, 'Take engine openvino.')
    return onnxruntime
  }
  const { openOpenVino, openvinoEngine } = await import('./openvino/index.ts')
  return openvinoEngine(openOpenVino().library, own ?? 'CPU')
}
