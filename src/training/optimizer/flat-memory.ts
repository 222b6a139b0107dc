import { SpanforgeError } from '../../errors.ts'
import { kernelsWasm } from './kernels-wasm.ts'
import { type Kernels, plainKernels } from './plain-kernels.ts'
import { sharedKernelsWasm } from './shared-kernels-wasm.ts'

/** Named flat arrays in a single allocation, and the kernels that process them. */
export interface FlatMemory<Name extends string = string> {
  readonly arrays: Readonly<Record<Name, Float32Array>>
  /** Accept only these arrays and views of them. */
  readonly kernels: Kernels
  /** The allocation, unless the arrays are ordinary ones. */
  readonly memory?: WebAssembly.Memory
  /** Whether other threads can process the arrays too. */
  readonly isShared: boolean
}

interface FlatMemoryOptions {
  /** Default: false. */
  readonly isShared?: boolean
  /** Bytes above which the arrays are ordinary ones (default: 4 GiB). */
  readonly largestMemory?: number
}

const PAGE = 65_536
const CACHE_LINE = 64
/** A WebAssembly memory has 32-bit addresses. */
const MAX_MEMORY = 65_536 * PAGE

/**
 * Allocates zero-filled float32 arrays of the given lengths. If they fit into 4 GiB, they share one WebAssembly memory
 * and are processed in place by SIMD kernels; engines accept views of this memory as inputs and outputs, if it is not
 * shared between threads or they accept that. Otherwise, they are ordinary arrays, and plain kernels produce
 * bit-identical results.
 */
export function allocateFlat<Name extends string>(
  lengths: Readonly<Record<Name, number>>,
  { isShared = false, largestMemory = MAX_MEMORY }: FlatMemoryOptions = {},
): FlatMemory<Name> {
  const names = Object.keys(lengths) as Name[]
  const offsets: number[] = []
  let bytes = 0
  for (const name of names) {
    offsets.push(bytes)
    bytes += Math.ceil((lengths[name] * 4) / CACHE_LINE) * CACHE_LINE
  }
  try {
    if (bytes > largestMemory)
      return { arrays: arraysOf((_, length) => newArray(length, isShared)), kernels: plainKernels, isShared }
    const pages = Math.ceil(bytes / PAGE)
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: isShared })
    const arrays = arraysOf((i, length) => new Float32Array(memory.buffer, offsets[i], length))
    return { arrays, kernels: simdKernels(memory), memory, isShared }
  } catch (error) {
    throw new SpanforgeError(
      `memory: cannot allocate ${(bytes / 1e9).toFixed(2)} GB for ${names.filter((name) => lengths[name] > 0).join(', ')} (${(error as Error).message})`,
      { remedy: 'Close other programs, freeze layers (--freeze_layers) or use a smaller model.', cause: error },
    )
  }

  function arraysOf(make: (i: number, length: number) => Float32Array): Record<Name, Float32Array> {
    return Object.fromEntries(names.map((name, i) => [name, make(i, lengths[name])])) as Record<Name, Float32Array>
  }
}

/** Allocates a zero-filled array. */
export const newArray = (length: number, isShared: boolean): Float32Array =>
  isShared ? new Float32Array(new SharedArrayBuffer(4 * length)) : new Float32Array(length)

interface KernelExports {
  sumOfSquares(x: number, count: number): number
  // biome-ignore format: as in kernels.as.ts
  adamw(
    parameters: number, gradients: number, exp_avg: number, exp_avg_sq: number, count: number,
    clip: number, decay: number, oneMinusBeta1: number, beta2: number, oneMinusBeta2: number,
    rootOfCorrection2: number, epsilon: number, negativeStepSize: number,
  ): number
  average(average: number, value: number, count: number, share: number): void
}

/** SIMD kernels for the arrays in a memory. */
export function simdKernels(memory: WebAssembly.Memory): Kernels {
  const text = memory.buffer instanceof SharedArrayBuffer ? sharedKernelsWasm : kernelsWasm
  const module = new WebAssembly.Module(Buffer.from(text, 'base64'))
  const loops = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as KernelExports
  return {
    sumOfSquares: (x) => loops.sumOfSquares(address(x), x.length),
    adamw({ parameters, gradients, exp_avg, exp_avg_sq }, factors) {
      // biome-ignore format: as in kernels.as.ts
      const allFinite = loops.adamw(
        address(parameters), address(gradients), address(exp_avg), address(exp_avg_sq), parameters.length,
        factors.clip, factors.decay, factors.oneMinusBeta1, factors.beta2, factors.oneMinusBeta2,
        factors.rootOfCorrection2, factors.epsilon, factors.negativeStepSize,
      )
      return allFinite !== 0
    },
    average: (average, values, share) => loops.average(address(average), address(values), average.length, share),
  }

  function address(view: Float32Array): number {
    if (view.buffer !== memory.buffer) throw new Error('flat memory: the array is outside the allocation')
    return view.byteOffset
  }
}
