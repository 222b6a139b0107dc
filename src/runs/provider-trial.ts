import * as ort from 'onnxruntime-node'
import { peakRate } from '../models/peak-rate.ts'
import { encodeModel } from '../onnx/encode.ts'
import { toBytes } from '../protobuf.ts'
import type { Engine, Values } from '../runtime/engine.ts'
import { vulkanDevices } from './vulkan-devices.ts'

/**
 * A process that computes on one of ONNX Runtime's providers, whose name is its argument: started by try-provider.ts,
 * for which it prints one JSON document.
 */
export interface ProviderTrial {
  readonly works: boolean
  readonly reason: string | null
  readonly devices: readonly string[]
}

const SIZE = 256
/** Of each element: peakRate multiplies matrices of 0.5 and 0.25. */
const PRODUCT = SIZE * 0.5 * 0.25

function engineOn(provider: string): Engine {
  return {
    name: provider,
    device: provider,
    precisions: ['float32'],
    async compile(graph) {
      const session = await ort.InferenceSession.create(toBytes(encodeModel(graph)), {
        executionProviders: [provider],
        logSeverityLevel: 4,
        // Otherwise the CPU would step in unnoticed.
        extra: { session: { disable_cpu_ep_fallback: '1' } },
      })
      return {
        async run(inputs: Values) {
          const tensor = ({ dtype, data, dims }: Values[string]) => new ort.Tensor(dtype, data, dims)
          const { y } = await session.run(
            Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, tensor(value)])),
          )
          const wrong = (y.data as Float32Array).find((value) => value !== PRODUCT)
          if (wrong !== undefined) throw new Error(`a product of matrices is wrong: ${wrong} instead of ${PRODUCT}`)
        },
        release: () => session.release(),
      }
    },
  }
}

async function trial(provider: string): Promise<ProviderTrial> {
  try {
    await peakRate(engineOn(provider), 1, SIZE)
    return { works: true, reason: null, devices: provider === 'webgpu' ? vulkanDevices() : [] }
  } catch (error) {
    return { works: false, reason: reasonOf((error as Error).message), devices: [] }
  }
}

/** The end of the message says what happened; what comes before is the place in ONNX Runtime's source. */
function reasonOf(message: string): string {
  const [first = ''] = message.trim().split('\n')
  return /^\/\S*onnxruntime\S* /.test(first) ? first.replace(/^.* was false\. /, '') : first
}

console.log(JSON.stringify(await trial(process.argv[2])))
// A driver's threads must not keep the process.
process.exit()
