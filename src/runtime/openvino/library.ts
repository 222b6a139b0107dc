import { SpanforgeError } from '../../errors.ts'
import type { Handle } from '../../native/find-library.ts'
import { CLibrary } from './c-library.ts'

export type PortSide = 'input' | 'output'

export interface HostTensor {
  /** A value of ov_element_type_e in the C API. */
  readonly type: number
  readonly dims: readonly number[]
  readonly data: ArrayBufferView
}

const loaded = new Map<string, OpenVinoLibrary>()

/**
 * Loads `libopenvino_c` and its dependencies from the same folder. A library stays loaded until the process exits.
 * @throws SpanforgeError if the file is not an OpenVINO library or a dependency is missing
 */
export function bindOpenVino(file: string): OpenVinoLibrary {
  try {
    if (!loaded.has(file)) loaded.set(file, new OpenVinoLibrary(file))
    return loaded.get(file)!
  } catch (error) {
    throw new SpanforgeError(`${file}: cannot be loaded as OpenVINO's C library: ${(error as Error).message}`, {
      remedy: 'Reinstall OpenVINO (pip install openvino), or set OPENVINO_DIR to the folder of another installation.',
      cause: error,
    })
  }
}

/** The part of OpenVINO's C API that spanforge uses. Returned handles must be freed. Failures throw OpenVinoFailure. */
export class OpenVinoLibrary {
  /** For example "2026.4.1-22982-e213a147257-releases/2026/4". */
  readonly version: string
  private readonly c: CLibrary
  private readonly f: ReturnType<typeof functions>

  constructor(readonly file: string) {
    this.c = new CLibrary(file)
    this.f = functions(this.c)
    const found: { buildNumber?: string } = {}
    this.f.version(found)
    this.version = found.buildNumber ?? 'unknown'
  }

  core = (): Handle => this.f.core()
  freeCore = (core: Handle): void => this.f.freeCore(core)

  setProperty(core: Handle, device: string, name: string, value: string): void {
    this.f.setProperty(core, device, 'const char *', name, 'const char *', value)
  }

  property(core: Handle, device: string, name: string): string {
    return this.f.property(core, device, name)
  }

  devices(core: Handle): string[] {
    const list: { devices?: Handle; size?: number } = {}
    this.f.devices(core, list)
    const names: string[] = this.c.koffi.decode(list.devices, 'const char *', Number(list.size))
    this.f.freeDevices(list)
    return names
  }

  readModel = (core: Handle, bytes: Uint8Array): Handle => this.f.readModel(core, bytes, bytes.length, null)
  freeModel = (model: Handle): void => this.f.freeModel(model)

  /** Returns the names of a model's inputs or outputs in index order. */
  names(model: Handle, side: PortSide): string[] {
    const { count, at } = this.f[side]
    return Array.from({ length: Number(count(model)) }, (_, i) => {
      const port = at(model, i)
      const name = this.f.portName(port)
      this.f.freePort(port)
      return name
    })
  }

  /** Compiles a model on a separate thread, which takes seconds. Uses the settings of the core. */
  async compile(core: Handle, model: Handle, device: string): Promise<Handle> {
    const place: [Handle | null] = [null]
    await this.f.compile(core, model, device, 0, place)
    return place[0]!
  }

  compiledProperty = (compiled: Handle, name: string): string => this.f.compiledProperty(compiled, name)
  freeCompiled = (compiled: Handle): void => this.f.freeCompiled(compiled)

  request = (compiled: Handle): Handle => this.f.request(compiled)
  freeRequest = (request: Handle): void => this.f.freeRequest(request)

  /**
   * Sets an input or output without copying it. The data must neither move nor be freed while the request may access
   * it.
   */
  setTensor(request: Handle, side: PortSide, index: number, { type, dims, data }: HostTensor): void {
    // Small arrays are on V8's heap, where they can move. Accessing `buffer` moves them off the heap.
    void data.buffer
    const tensor = this.f.tensor(type, { rank: dims.length, dims: BigInt64Array.from(dims, BigInt) }, data)
    try {
      // The request holds its own reference to the tensor, so ours can be released.
      this.f[side].set(request, index, tensor)
    } finally {
      this.f.freeTensor(tensor)
    }
  }

  /**
   * Runs on the library's threads while a separate thread waits. The single call `ov_infer_request_infer` is not used,
   * because with one thread it reports success even when it fails without writing a result.
   */
  infer = async (request: Handle): Promise<void> => {
    this.f.start(request)
    await this.f.wait(request)
  }
}

function functions(c: CLibrary) {
  const { struct } = c.koffi
  const [int, size, text, address] = ['int', 'size_t', 'const char *', 'void *'] as const
  const version = struct({ buildNumber: text, description: text })
  const deviceList = struct({ devices: address, size })
  const shape = struct({ rank: 'int64_t', dims: 'int64_t *' })
  const side = (name: PortSide) => ({
    count: c.query<number>(`ov_model_${name}s_size`, [address], size),
    at: c.query(`ov_model_const_${name}_by_index`, [address, size]),
    set: c.command(`ov_infer_request_set_${name}_tensor_by_index`, [address, size, address]),
  })
  return {
    version: c.command('ov_get_openvino_version', [c.out(version)]),
    core: c.query('ov_core_create', []),
    freeCore: c.free('ov_core_free'),
    setProperty: c.command('ov_core_set_property', [address, text, '...']),
    property: c.text('ov_core_get_property', [address, text, text]),
    devices: c.command('ov_core_get_available_devices', [address, c.out(deviceList)]),
    freeDevices: c.free<object>('ov_available_devices_free', c.koffi.pointer(deviceList)),
    readModel: c.query('ov_core_read_model_from_memory_buffer', [address, address, size, address]),
    freeModel: c.free('ov_model_free'),
    input: side('input'),
    output: side('output'),
    portName: c.text('ov_port_get_any_name', [address]),
    freePort: c.free('ov_output_const_port_free'),
    // Settings could be passed as variadic arguments, but koffi cannot call variadic functions asynchronously.
    compile: c.away('ov_core_compile_model', [address, address, text, size, c.out(address)]),
    compiledProperty: c.text('ov_compiled_model_get_property', [address, text]),
    freeCompiled: c.free('ov_compiled_model_free'),
    request: c.query('ov_compiled_model_create_infer_request', [address]),
    freeRequest: c.free('ov_infer_request_free'),
    tensor: c.query('ov_tensor_create_from_host_ptr', [int, shape, address]),
    freeTensor: c.free('ov_tensor_free'),
    start: c.command('ov_infer_request_start_async', [address]),
    wait: c.away('ov_infer_request_wait', [address]),
  }
}
