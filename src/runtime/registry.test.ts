import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { openEngine } from './registry.ts'

test('koffi is not loaded for ONNX Runtime, nor where OpenVINO is not found', () => {
  // A process of its own: other tests of this one may have loaded it.
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

test('engine and device must go together', async () => {
  await expect(openEngine('onnxruntime', 'openvino:GPU')).rejects.toThrow(/openvino:GPU belongs to OpenVINO/)
  await expect(openEngine('openvino', 'toaster')).rejects.toThrow(/^device: found "toaster", expected cpu/)
})
