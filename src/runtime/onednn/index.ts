import type { EngineEntry } from '../engine-entry.ts'

export const onednnEntry: EngineEntry = {
  name: 'onednn',
  title: 'oneDNN',
  devices: ['cpu'],
  precisions: ['float32', 'bfloat16'],
  bfloat16_speedup: 2,
  install: 'pip install onednn-cpu-gomp',
  inspect: async () => (await import('./engine.ts')).inspectOneDnn(),
  open: async () => (await import('./engine.ts')).openOneDnn(),
}
