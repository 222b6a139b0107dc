import { SpanforgeError, UsageError } from '../../errors.ts'
import type { Graph } from '../../graph/tensor.ts'
import { type CompileOptions, checkSignature, type Engine, type Executable, type Precision } from '../engine.ts'
import type { DeviceFacts, EngineFacts } from '../engine-entry.ts'
import { Device } from './device.ts'
import type { SessionOptions } from './device-memory.ts'
import { encodeGraph } from './encode-graph.ts'
import { DeviceExecutable } from './executable.ts'
import type { DeviceFeatures } from './features.ts'
import { WebGpuStore } from './store.ts'
import { type Adapter, vulkanAdapter } from './vulkan.ts'

/** The interface of the operating system that WebGPU uses. */
const BACKENDS: Partial<Record<NodeJS.Platform, string>> = { linux: 'Vulkan', win32: 'Direct3D 12', darwin: 'Metal' }

interface Found {
  readonly full_name: string
  /** Undefined if only WebGPU itself knows the adapter. */
  readonly adapter?: Adapter
  readonly features: DeviceFeatures
}

/**
 * Finds the device by computing something on it.
 * @throws SpanforgeError if there is none
 */
async function findDevice(): Promise<Found> {
  await rejectUnsupported()
  const backend = BACKENDS[process.platform] ?? process.platform
  const adapter = process.platform === 'linux' ? vulkanAdapter() : undefined
  const features = await Device.get().features()
  return { full_name: adapter ? `${adapter.name}, ${backend}` : backend, adapter, features }
}

/** @throws SpanforgeError if ONNX Runtime does not include WebGPU on this platform */
async function rejectUnsupported(): Promise<void> {
  const { listSupportedBackends } = await import('onnxruntime-node')
  if (listSupportedBackends().some(({ name }) => name === 'webgpu')) return
  const platform = `${process.platform}-${process.arch}`
  throw new SpanforgeError(`WebGPU: ONNX Runtime for Node.js does not include WebGPU on ${platform}`, {
    remedy: 'Use --device cpu.',
  })
}

const precisionsWith = (features: DeviceFeatures): readonly Precision[] =>
  features['shader-f16'] ? ['float32', 'float16'] : ['float32']

/** Describes the device for `spanforge doctor`. */
export async function inspectWebGpu(): Promise<EngineFacts> {
  const { env } = await import('onnxruntime-node')
  const { full_name, adapter, features } = await findDevice()
  const device: DeviceFacts = {
    device: 'webgpu',
    full_name,
    precisions: precisionsWith(features),
    features: Object.entries(features).flatMap(([name, has]) => (has ? [name] : [])),
    ...(adapter && {
      is_software: adapter.isSoftware,
      memory_bytes: adapter.memory_bytes,
      largest_buffer_bytes: adapter.largest_buffer_bytes,
    }),
  }
  const version = env.versions.node ?? env.versions.common
  return { version, source: 'bundled with spanforge', library: null, devices: [device] }
}

/**
 * Opens the engine.
 * @param number of the device, as text; empty for the first
 */
export async function openWebGpu(number: string): Promise<Engine> {
  if (number !== '' && number !== '0')
    throw new UsageError(
      `device: found webgpu:${number}, expected webgpu or webgpu:0`,
      'ONNX Runtime computes on the adapter that WebGPU prefers. On Linux, set VK_DRIVER_FILES to the driver of another one.',
    )
  const { full_name, adapter, features } = await findDevice()
  const precisions = precisionsWith(features)
  const memory = adapter ? `, ${(adapter.memory_bytes / 1e9).toFixed(1)} GB` : ''
  return {
    name: 'webgpu',
    device: `webgpu (${full_name}${memory})`,
    gpu: { name: full_name, memory_bytes: adapter?.memory_bytes },
    precisions,
    lacks: { bfloat16: 'WebGPU has no bfloat16', float16: 'the adapter does not have the feature shader-f16' },
    async compile(graph: Graph, { precision = 'float32', profilePrefix }: CompileOptions = {}): Promise<Executable> {
      return openGraph(encodeGraph(graph, precision), { profilePrefix })
    },
    openStore: ({ profilePrefix } = {}) => new WebGpuStore(Device.get(), profilePrefix, adapter),
    async open(file, signature) {
      const executable = await openGraph(file)
      try {
        checkSignature(file, executable.model, signature)
      } catch (error) {
        await executable.release()
        throw error
      }
      return executable
    },
  }
}

async function openGraph(model: Uint8Array | string, options: SessionOptions = {}): Promise<DeviceExecutable> {
  const device = Device.get()
  const id = device.newId()
  return new DeviceExecutable(device, { id, ...(await device.compile(id, model, options)) })
}
