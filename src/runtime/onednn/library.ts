import { SpanforgeError } from '../../errors.ts'
import type { Handle } from '../../native/find-library.ts'
import { nativeMemory } from '../../native/koffi.ts'

const RTLD_NOW = 2
const RTLD_NODELETE = 0x1000

/**
 * Bits of dnnl_cpu_isa_t. With AVX-512 alone, bfloat16 is emulated. With AVX512_BF16, products in bfloat16 are twice as
 * fast as in float32; with AMX, many times as fast.
 */
export const [AVX512, AVX512_BF16, AMX] = [0x27, 0xe7, 0xfef]

export function hasInstructions(library: Library, wanted: number): boolean {
  return (library.instructionSets() & wanted) === wanted
}

/** A call that oneDNN rejected, with its status: 2 is invalid arguments, 3 unimplemented. */
export class OneDnnFailure extends Error {
  constructor(
    name: string,
    readonly status: number,
  ) {
    super(`dnnl_${name} failed with status ${status}${STATUS[status] ? ` (${STATUS[status]})` : ''}`)
  }
}

const STATUS: Readonly<Record<number, string>> = {
  1: 'out of memory',
  2: 'invalid arguments',
  3: 'not implemented for this processor',
  5: 'runtime error',
}

/** The part of oneDNN's C API (3.x) that encoders need. Functions throw OneDnnFailure. */
export type Library = ReturnType<typeof bindOnednn>

/**
 * Loads a libdnnl. The library stays loaded until the process ends, because the threads of its OpenMP runtime outlive
 * every call.
 * @throws SpanforgeError if the file is not a oneDNN library
 */
export function bindOnednn(file: string) {
  const { ffi } = nativeMemory()
  try {
    ffi.load(null).func('dlopen', 'void *', ['const char *', 'int'])(file, RTLD_NOW | RTLD_NODELETE)
    return bind(file)
  } catch (error) {
    throw new SpanforgeError(`${file}: cannot be loaded as oneDNN: ${(error as Error).message}`, {
      remedy: 'Reinstall oneDNN (pip install onednn-cpu-gomp), or set ONEDNN_DIR to the folder of another copy.',
      cause: error,
    })
  }
}

const P = 'void *'
/** dnnl_query_impl_info_str */
const IMPLEMENTATION = 8

function bind(file: string) {
  const { ffi } = nativeMemory()
  const lib = ffi.load(file)
  const result = ffi.out(ffi.pointer(P))

  const command = (name: string, types: string[]) => {
    const f = lib.func(`dnnl_${name}`, 'int', types)
    return (...args: unknown[]): void => {
      const status = f(...args)
      if (status !== 0) throw new OneDnnFailure(name, status)
    }
  }
  /** Declares a function whose first argument receives a new object. */
  const create = (name: string, types: string[]) => {
    const f = lib.func(`dnnl_${name}`, 'int', [result, ...types])
    return (...args: unknown[]): Handle => {
      const place: [Handle | null] = [null]
      const status = f(place, ...args)
      if (status !== 0) throw new OneDnnFailure(name, status)
      return place[0]!
    }
  }
  const queryText = lib.func('dnnl_primitive_desc_query', 'int', [
    P,
    'int',
    'int',
    ffi.out(ffi.pointer('const char *')),
  ])
  const version = ffi.decode(lib.func('dnnl_version', P, [])(), ffi.array('int', 3)) as ArrayLike<number>
  return {
    file,
    version: Array.from(version).join('.'),
    setThreads: openMpThreads(),
    /**
     * The instruction sets that oneDNN uses, as bits. A processor that supports more than another has all of its bits.
     */
    instructionSets: lib.func('dnnl_get_effective_cpu_isa', 'int', []) as () => number,
    engine: create('engine_create', ['int', 'size_t']),
    freeEngine: command('engine_destroy', [P]),
    stream: create('stream_create', [P, 'uint']),
    freeStream: command('stream_destroy', [P]),
    cacheCapacity: command('set_primitive_cache_capacity', ['int']),

    descriptor: create('memory_desc_create_with_strides', ['int', P, 'int', P]),
    descriptorByTag: create('memory_desc_create_with_tag', ['int', P, 'int', 'int']),
    cloneDescriptor: create('memory_desc_clone', [P]),
    descriptorBytes: lib.func('dnnl_memory_desc_get_size', 'size_t', [P]) as (d: Handle) => bigint | number,
    freeDescriptor: command('memory_desc_destroy', [P]),
    memory: create('memory_create', [P, P, P]),
    setAddress: command('memory_set_data_handle', [P, P]),
    freeMemory: command('memory_destroy', [P]),

    attributes: create('primitive_attr_create', []),
    freeAttributes: command('primitive_attr_destroy', [P]),
    setPostOps: command('primitive_attr_set_post_ops', [P, P]),
    postOps: create('post_ops_create', []),
    freePostOps: command('post_ops_destroy', [P]),
    appendSum: command('post_ops_append_sum', [P, 'float', 'int', 'int']),
    appendEltwise: command('post_ops_append_eltwise', [P, 'int', 'float', 'float']),
    appendBinary: command('post_ops_append_binary', [P, 'int', P]),

    matmul: create('matmul_primitive_desc_create', [P, P, P, P, P, P]),
    layerNorm: create('layer_normalization_forward_primitive_desc_create', [P, 'int', P, P, P, 'float', 'uint', P]),
    layerNormBackward: create('layer_normalization_backward_primitive_desc_create', [
      ...[P, 'int', P, P, P, P, 'float', 'uint', P, P],
    ]),
    softmax: create('softmax_forward_primitive_desc_create', [P, 'int', 'int', P, P, 'int', P]),
    softmaxBackward: create('softmax_backward_primitive_desc_create', [P, 'int', P, P, P, 'int', P, P]),
    eltwise: create('eltwise_forward_primitive_desc_create', [P, 'int', 'int', P, P, 'float', 'float', P]),
    eltwiseBackward: create('eltwise_backward_primitive_desc_create', [P, 'int', P, P, P, 'float', 'float', P, P]),
    binary: create('binary_primitive_desc_create', [P, 'int', P, P, P, P]),
    reorder: create('reorder_primitive_desc_create', [P, P, P, P, P]),
    queryDescriptor: lib.func('dnnl_primitive_desc_query_md', P, [P, 'int', 'int']) as (...args: unknown[]) => Handle,
    /** Returns oneDNN's name of the implementation that it chose. */
    implementation(description: Handle): string {
      const name: [string | null] = [null]
      const status = queryText(description, IMPLEMENTATION, 0, name)
      if (status !== 0) throw new OneDnnFailure('primitive_desc_query', status)
      return name[0]!
    },
    freePrimitiveDescriptor: command('primitive_desc_destroy', [P]),
    primitive: create('primitive_create', [P]),
    freePrimitive: command('primitive_destroy', [P]),
    execute: lib.func('dnnl_primitive_execute', 'int', [P, P, 'int', P]) as (...args: unknown[]) => number,
  }
}

/**
 * Returns a function that sets the number of threads for the work of the calling thread; undefined if oneDNN does not
 * use OpenMP.
 */
function openMpThreads(): ((threads: number) => void) | undefined {
  for (const name of ['libgomp.so.1', 'libiomp5.so', 'libomp.so'])
    try {
      return nativeMemory().ffi.load(name).func('omp_set_num_threads', 'void', ['int'])
    } catch {}
  return undefined
}
