import type { EngineEntry } from '../engine-entry.ts'

export const openvinoEntry: EngineEntry = {
  name: 'openvino',
  title: 'OpenVINO',
  devices: ['cpu', 'openvino:GPU'],
  precisions: ['float32', 'bfloat16'],
  bfloat16_speedup: 1.5,
  install: 'pip install openvino',
  inspect: async () => (await import('./open.ts')).inspectOpenVino(),
  async open(device) {
    const [{ loadOpenVino }, { openvinoEngine }] = await Promise.all([import('./open.ts'), import('./engine.ts')])
    return openvinoEngine(loadOpenVino(), device === 'cpu' ? 'CPU' : device)
  },
}
