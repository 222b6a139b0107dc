/** The thread that owns the WebGPU device, because a run of ONNX Runtime blocks its thread. */
import { answerCalls, Handed } from '../../threads/calls.ts'
import type { Slots, Values } from '../engine.ts'
import { DeviceMemory, type SessionOptions, sessionOptions } from './device-memory.ts'
import { type DeviceFeatures, probe } from './features.ts'

const opened = import('onnxruntime-node').then(async (runtime) => {
  const memory = new DeviceMemory(runtime, sessionOptions)
  return { memory, features: await probe(memory) }
})
// Every call reports the failure.
opened.catch(() => {})

const memory = async (): Promise<DeviceMemory> => (await opened).memory

/** Values that are moved to the other thread rather than copied. */
const handed = <T>(result: T, values: Values): Handed<T> =>
  new Handed(
    result,
    Object.values(values).map(({ data }) => data.buffer as ArrayBuffer),
  )

answerCalls({
  features: async (): Promise<DeviceFeatures> => (await opened).features,
  compile: async (id: number, model: Uint8Array | string, options: SessionOptions) =>
    (await memory()).compile(id, model, options),
  async run(id: number, inputs: Values, slots?: Slots) {
    const values = await (await memory()).run(id, inputs, slots)
    return handed(values, values)
  },
  write: async (values: Values) => (await memory()).write(values),
  async read(slot: string) {
    const value = await (await memory()).read(slot)
    return handed(value, { value })
  },
  free: async (slots: readonly string[]) => (await memory()).free(slots),
  release: async (id: number) => (await memory()).release(id),
})
