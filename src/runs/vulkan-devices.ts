import koffi from 'koffi'

/** VkPhysicalDeviceType. */
const TYPES = ['other', 'integrated GPU', 'discrete GPU', 'virtual GPU', 'in software, on the CPU'] as const

/** VkPhysicalDeviceProperties: type and name stand at these bytes, the whole is less than so many. */
const TYPE_AT = 16
const NAME_AT = 20
const NAME_SIZE = 256
const PROPERTIES_SIZE = 4096

/** VkInstanceCreateInfo on 64 bits: its type, which is 1, and nothing else. */
const INSTANCE_SIZE = 64
const INSTANCE_CREATE_INFO = 1

/**
 * What Vulkan's drivers call their devices ("NVIDIA H100 PCIe (discrete GPU)"), which is what WebGPU computes on under
 * Linux and which ONNX Runtime does not tell. None where there is no Vulkan.
 */
export function vulkanDevices(): string[] {
  try {
    const vulkan = koffi.load('libvulkan.so.1')
    const create = vulkan.func('int vkCreateInstance(void *info, void *allocator, _Out_ void **instance)')
    const enumerate = vulkan.func('int vkEnumeratePhysicalDevices(void *instance, _Inout_ uint32_t *count, void *out)')
    const describe = vulkan.func('void vkGetPhysicalDeviceProperties(void *device, void *properties)')
    const info = Buffer.alloc(INSTANCE_SIZE)
    info.writeInt32LE(INSTANCE_CREATE_INFO)
    const instance: [unknown] = [null]
    if (create(info, null, instance) !== 0) return []
    const count: [number] = [0]
    enumerate(instance[0], count, null)
    const handles = Buffer.alloc(8 * count[0])
    enumerate(instance[0], count, handles)
    const devices: unknown[] = count[0] ? koffi.decode(handles, 'void *', count[0]) : []
    return devices.map((device) => {
      const properties = Buffer.alloc(PROPERTIES_SIZE)
      describe(device, properties)
      const name = properties.toString('utf8', NAME_AT, NAME_AT + NAME_SIZE).replace(/\0.*$/s, '')
      return `${name} (${TYPES[properties.readInt32LE(TYPE_AT)] ?? 'other'})`
    })
  } catch {
    // No loader, no driver, or one that cannot be asked.
    return []
  }
}
