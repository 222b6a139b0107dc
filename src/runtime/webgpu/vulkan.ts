/** The graphics adapters of a Linux machine, from Vulkan, which WebGPU uses there. */
import { SpanforgeError } from '../../errors.ts'
import { loadKoffi } from '../../native/koffi.ts'

export interface Adapter {
  readonly name: string
  /** Whether it is software that computes on the CPU, such as SwiftShader or llvmpipe. */
  readonly isSoftware: boolean
  /** Size of the largest heap of the adapter's own memory. */
  readonly memory_bytes: number
  /** The largest tensor that a graph can use. */
  readonly largest_buffer_bytes: number
}

const LIBRARY = 'libvulkan.so.1'
/** VkResult of success. */
const SUCCESS = 0
/** VkStructureType of VkInstanceCreateInfo; all of its other fields may be 0. */
const INSTANCE_CREATE_INFO = { type: 1, bytes: 64 }
/** VkPhysicalDeviceProperties. */
const PROPERTIES = { bytes: 824, type: 16, name: 20, nameBytes: 256, maxStorageBufferRange: 296 + 28 }
/** VkPhysicalDeviceMemoryProperties: the heaps follow the types. */
const MEMORY = { bytes: 520, heapCount: 260, heaps: 264, heapBytes: 16, isLocal: 1 }
/** Values of VkPhysicalDeviceType in the order in which WebGPU prefers them: discrete, integrated, virtual, CPU. */
const PREFERENCE = [2, 1, 3, 4]
const CPU = 4

const INSTALL =
  'Install the Vulkan driver of the graphics card (Debian: apt install libvulkan1 mesa-vulkan-drivers), or use --device cpu.'

/**
 * Finds the adapter that WebGPU uses.
 * @throws SpanforgeError if Vulkan is not installed or has no adapter
 */
export function vulkanAdapter(): Adapter {
  const adapters = vulkanAdapters()
  if (adapters.length === 0)
    throw new SpanforgeError('WebGPU: Vulkan has no graphics adapter on this machine', { remedy: INSTALL })
  return adapters.sort((a, b) => PREFERENCE.indexOf(a.type) - PREFERENCE.indexOf(b.type))[0]
}

function vulkanAdapters(): (Adapter & { readonly type: number })[] {
  const vulkan = loadVulkan()
  const info = Buffer.alloc(INSTANCE_CREATE_INFO.bytes)
  info.writeUInt32LE(INSTANCE_CREATE_INFO.type)
  const instance = [null]
  const failed = vulkan.createInstance(info, null, instance)
  if (failed !== SUCCESS)
    throw new SpanforgeError(`WebGPU: Vulkan cannot be used on this machine (VkResult ${failed})`, { remedy: INSTALL })
  try {
    const count = [0]
    vulkan.enumerate(instance[0], count, null)
    const devices = new BigUint64Array(count[0])
    if (count[0] > 0) vulkan.enumerate(instance[0], count, devices)
    return [...devices].map((device) => describe(vulkan, device))
  } finally {
    vulkan.destroyInstance(instance[0], null)
  }
}

function describe(vulkan: ReturnType<typeof loadVulkan>, device: bigint): Adapter & { readonly type: number } {
  const properties = Buffer.alloc(PROPERTIES.bytes)
  vulkan.properties(device, properties)
  const memory = Buffer.alloc(MEMORY.bytes)
  vulkan.memory(device, memory)
  const heaps = Array.from({ length: memory.readUInt32LE(MEMORY.heapCount) }, (_, i) => {
    const at = MEMORY.heaps + i * MEMORY.heapBytes
    const isLocal = (memory.readUInt32LE(at + 8) & MEMORY.isLocal) !== 0
    return isLocal ? Number(memory.readBigUInt64LE(at)) : 0
  })
  const name = properties.toString('utf8', PROPERTIES.name, PROPERTIES.name + PROPERTIES.nameBytes)
  const type = properties.readUInt32LE(PROPERTIES.type)
  return {
    name: name.slice(0, name.indexOf('\0')),
    type,
    isSoftware: type === CPU,
    memory_bytes: Math.max(0, ...heaps),
    largest_buffer_bytes: properties.readUInt32LE(PROPERTIES.maxStorageBufferRange),
  }
}

function loadVulkan() {
  const library = openLibrary()
  const [P, out] = ['void *', loadKoffi().out('void **')]
  return {
    createInstance: library.func('vkCreateInstance', 'int', [P, P, out]),
    destroyInstance: library.func('vkDestroyInstance', 'void', [P, P]),
    enumerate: library.func('vkEnumeratePhysicalDevices', 'int', [P, loadKoffi().inout('uint32_t *'), P]),
    properties: library.func('vkGetPhysicalDeviceProperties', 'void', [P, P]),
    memory: library.func('vkGetPhysicalDeviceMemoryProperties', 'void', [P, P]),
  }
}

function openLibrary() {
  try {
    return loadKoffi().load(LIBRARY)
  } catch (error) {
    throw new SpanforgeError(`WebGPU: Vulkan is not installed (${LIBRARY} was not found)`, {
      remedy: INSTALL,
      cause: error,
    })
  }
}
