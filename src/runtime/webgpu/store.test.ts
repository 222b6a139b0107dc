import { expect, test } from 'vitest'
import { float32Value } from '../engine.ts'
import type { Device } from './device.ts'
import { WebGpuStore } from './store.ts'

const device = { newId: () => 0, write: async () => {} } as unknown as Device
const vector = (n: number) => float32Value(new Float32Array(n), [n])

test('Values that do not fit into the device are rejected before they are copied', async () => {
  const store = new WebGpuStore(device, undefined, { memory_bytes: 1000, largest_buffer_bytes: 600 })
  await store.write({ a: vector(100) })
  // The same slot again takes no more memory.
  await store.write({ a: vector(100) })
  await expect(store.write({ b: vector(151) })).rejects.toThrow('WebGPU: b takes 0.00 GB, but the device supports')
  await store.write({ b: vector(150) })
  await expect(store.write({ c: vector(1) })).rejects.toThrow(/^WebGPU: the weights, .* do not fit into the 0.00 GB/)
})
