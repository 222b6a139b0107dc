import { SpanforgeError } from '../../errors.ts'
import type { Graph } from '../../graph/tensor.ts'
import { lower, plainOnnx } from '../../lowering/lower.ts'
import type { Handle } from '../../native/find-library.ts'
import { encodeModel } from '../../onnx/encode.ts'
import { toBytes } from '../../protobuf.ts'
import type { CompileOptions, Engine, Executable, Precision } from '../engine.ts'
import { openVinoError } from './c-library.ts'
import { OpenVinoExecutable } from './executable.ts'
import type { OpenVinoLibrary } from './library.ts'

/** OpenVINO's names for the precisions. */
const PRECISIONS: Readonly<Record<Precision, string>> = { float32: 'f32', bfloat16: 'bf16', float16: 'f16' }

/**
 * Creates an engine for an OpenVINO device, such as "CPU", "GPU" or "GPU.1".
 * @throws SpanforgeError if the device does not exist
 */
export function openvinoEngine(library: OpenVinoLibrary, device = 'CPU'): Engine {
  const { name, capabilities } = withCore(library, (core) => {
    const devices = library.devices(core)
    if (!devices.some((known) => known === device || known.startsWith(`${device}.`)))
      throw new SpanforgeError(
        `OpenVINO device ${device} is not available. Available devices: ${devices.join(', ') || 'none'}`,
        {
          remedy: 'Choose an available device. A GPU requires a driver (on Linux, the package intel-opencl-icd).',
        },
      )
    return {
      name: library.property(core, device, 'FULL_DEVICE_NAME').trim(),
      capabilities: library.property(core, device, 'OPTIMIZATION_CAPABILITIES').split(/\s+/),
    }
  })
  const precisions: readonly Precision[] = capabilities.includes('BF16') ? ['float32', 'bfloat16'] : ['float32']
  return {
    name: 'openvino',
    device: `${device} (${name}), OpenVINO ${library.version.split('-')[0]}`,
    precisions,
    lacks: { bfloat16: `OpenVINO does not support bfloat16 on ${name}` },
    async compile(graph: Graph, options: CompileOptions = {}): Promise<Executable> {
      const { precision = 'float32' } = options
      if (!precisions.includes(precision))
        throw new SpanforgeError(`OpenVINO does not support ${precision} on ${name}`, { remedy: 'Use float32.' })
      return OpenVinoExecutable.compile(library, toBytes(encodeModel(lower(graph, plainOnnx))), {
        ...options,
        device,
        hint: PRECISIONS[precision],
      })
    },
  }
}

/** Lists the devices that OpenVINO supports on this machine. */
export function openvinoDevices(library: OpenVinoLibrary): { readonly name: string; readonly full_name: string }[] {
  return withCore(library, (core) =>
    library.devices(core).map((name) => ({ name, full_name: library.property(core, name, 'FULL_DEVICE_NAME').trim() })),
  )
}

function withCore<T>(library: OpenVinoLibrary, use: (core: Handle) => T): T {
  const core = library.core()
  try {
    return use(core)
  } catch (error) {
    throw openVinoError('OpenVINO failed', error)
  } finally {
    library.freeCore(core)
  }
}
