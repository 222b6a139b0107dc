import { expect, test } from 'vitest'
import { diagnose } from '../../runs/doctor/doctor.ts'
import { doctorText } from './doctor.ts'

test('doctor shows why an engine cannot be used, and the remedy, as sentences', async () => {
  const found = await diagnose()
  const problem = 'WebGPU: Vulkan is not installed (libvulkan.so.1 was not found)\n  Install the driver.'
  const engine = { ...found.engines[0], title: 'WebGPU', found: null, problem }
  const text = doctorText({ ...found, engines: [engine] }).replace(/ +/g, ' ')
  expect(text).toContain('WebGPU Vulkan is not installed (libvulkan.so.1 was not found). Install the driver.')
})
