import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { openEngine } from './registry.ts'

test('does not load koffi for ONNX Runtime or if OpenVINO is not found', () => {
  // Needs a separate process, because other tests may already have loaded koffi.
  const program = `
    import { createRequire } from 'node:module'
    import { openEngine } from ${JSON.stringify(import.meta.resolve('./registry.ts'))}
    await openEngine('onnxruntime')
    const { message } = await openEngine('openvino').catch((error) => error)
    const loaded = Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes('koffi'))
    console.log(JSON.stringify({ message, loaded }))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    env: { ...process.env, OPENVINO_DIR: '/nowhere' },
    encoding: 'utf8',
  })
  expect(stdout, stderr).not.toBe('')
  expect(JSON.parse(stdout)).toEqual({ message: expect.stringMatching(/^OPENVINO_DIR: /), loaded: [] })
})

test('rejects a device that the engine does not support', async () => {
  await expect(openEngine('onnxruntime', 'openvino:GPU')).rejects.toThrow(/openvino:GPU belongs to OpenVINO/)
  await expect(openEngine('openvino', 'toaster')).rejects.toThrow(/^device: found "toaster", expected auto, cpu, /)
})
