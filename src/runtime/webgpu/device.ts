import { SpanforgeError } from '../../errors.ts'
import { Handed, startWorker, Thread } from '../../threads/calls.ts'
import { MEMORY_REMEDY, type Slots, type Value, type Values } from '../engine.ts'
import type { SessionOptions } from './device-memory.ts'
import type { DeviceFeatures } from './features.ts'

interface Ports {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
}

/**
 * The WebGPU device of this process, in a separate thread: graphs and values in the memory of the device. The thread
 * lives as long as the process, because the device keeps the compiled shaders, which all graphs share.
 */
export class Device {
  private static shared: Device | undefined
  readonly thread: Thread
  private waiting = 0
  private nextId = 0

  private constructor() {
    const worker = startWorker(import.meta.url, './webgpu-worker', undefined)
    worker.unref()
    this.thread = new Thread(worker)
  }

  /** Returns the device of this process, or a new one after a failure. */
  static get(): Device {
    if (!Device.shared?.thread.isAlive) Device.shared = new Device()
    return Device.shared
  }

  /** Returns an unused number for a graph, or for the names of slots. */
  newId(): number {
    return this.nextId++
  }

  features(): Promise<DeviceFeatures> {
    return this.call('features')
  }

  compile(id: number, model: Uint8Array | string, options: SessionOptions = {}): Promise<Ports> {
    return this.call('compile', id, model, options)
  }

  run(id: number, inputs: Values, slots?: Slots): Promise<Values> {
    return this.call('run', id, copied(inputs), slots)
  }

  write(values: Values): Promise<void> {
    return this.call('write', copied(values))
  }

  read(slot: string): Promise<Value> {
    return this.call('read', slot)
  }

  free(slots: readonly string[]): Promise<void> {
    return this.call('free', slots)
  }

  release(id: number): Promise<void> {
    return this.call('release', id)
  }

  /** Calls a function of the thread. The process stays alive until the thread answers. */
  private async call<T = void>(name: string, ...args: readonly unknown[]): Promise<T> {
    const { worker } = this.thread
    if (this.waiting++ === 0) worker.ref()
    try {
      return await this.thread.call<T>(name, ...args)
    } catch (error) {
      // The next user needs a new device.
      if (isFatal(error as Error)) await this.thread.end()
      throw webGpuError(error as Error)
    } finally {
      if (--this.waiting === 0) worker.unref()
    }
  }
}

/**
 * Copies values once, so that they can be moved to the thread. Without this copy, the thread would receive the whole
 * memory that they are views of.
 */
function copied(values: Values): Handed<Values> {
  const copies = Object.entries(values).map(([name, value]) => [name, { ...value, data: value.data.slice() }] as const)
  return new Handed(
    Object.fromEntries(copies),
    copies.map(([, { data }]) => data.buffer as ArrayBuffer),
  )
}

const NO_DEVICE = /Failed to get a WebGPU (adapter|device)/
const LOST = /device (is |was )?lost|lost device|the thread has ended/i
const NO_FLOAT16 = /requires f16/
/** Messages of ONNX Runtime and of drivers that run out of memory. A buffer that could not be allocated is invalid. */
const NO_MEMORY = /out of memory|bad.?alloc|allocate memory|OutOfMemory|Invalid Buffer/i
const TOO_LARGE = /(exceeds|larger than|limit|max[A-Z]\w*Size)/

const isFatal = ({ message }: Error): boolean => NO_DEVICE.test(message) || LOST.test(message)

/** Converts an error of the thread to one that names the cause and the remedy. */
export function webGpuError(error: Error): Error {
  if (error instanceof SpanforgeError) return error
  const fail = (summary: string, remedy?: string) =>
    new SpanforgeError(`WebGPU: ${summary} (${error.message.trim()})`, { remedy, cause: error })
  if (NO_DEVICE.test(error.message))
    return fail(
      'no device is available',
      'Install the driver of the graphics card (on Linux: its Vulkan driver), or use --device cpu.',
    )
  if (LOST.test(error.message))
    return fail(
      'the device was lost',
      'The driver was reset, or the graphics card was removed. Run the command again to resume from the last checkpoint.',
    )
  if (NO_FLOAT16.test(error.message))
    return fail('the device does not support float16 (shader-f16)', 'Use a model in float32, or --device cpu.')
  if (NO_MEMORY.test(error.message)) return fail('the device ran out of memory', MEMORY_REMEDY)
  if (TOO_LARGE.test(error.message))
    return fail('the device is too small for this model', `${MEMORY_REMEDY} Or use --device cpu.`)
  return fail('the device failed')
}
