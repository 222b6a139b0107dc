import { createRequire } from 'node:module'
import { expect, test, vi } from 'vitest'
import { createEngine } from './engines.ts'

const loaded = () => Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes('koffi'))

test('koffi is not loaded for ONNX Runtime, nor where OpenVINO is not found', async () => {
  await createEngine('onnxruntime')
  vi.stubEnv('OPENVINO_DIR', '/nowhere')
  await expect(createEngine('openvino')).rejects.toThrow(/^OPENVINO_DIR: /)
  vi.unstubAllEnvs()
  expect(loaded()).toEqual([])
})

test('engine and device must go together', async () => {
  await expect(createEngine('onnxruntime', 'openvino:GPU')).rejects.toThrow(/openvino:GPU belongs to OpenVINO/)
  await expect(createEngine('openvino', 'toaster')).rejects.toThrow(/^device: found "toaster", expected cpu/)
})
