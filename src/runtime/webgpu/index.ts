import type { EngineEntry } from '../engine-entry.ts'
import { inspectWebGpu, openWebGpu } from './engine.ts'

export const webgpuEntry: EngineEntry = {
  name: 'webgpu',
  title: 'WebGPU',
  devices: ['webgpu', 'webgpu:0'],
  precisions: ['float32', 'float16'],
  install: null,
  inspect: inspectWebGpu,
  open: openWebGpu,
}
