import { existsSync } from 'node:fs'
import { describe, expect, test, vi } from 'vitest'
import { CUDA_INSTALL, tryProvider } from './try-provider.ts'

vi.setConfig({ testTimeout: 120_000 })

describe('Trying a provider', () => {
  test('that does not compute itself is no success, though the CPU would step in for it', async () => {
    const { works, reason } = await tryProvider('cpu')
    expect(works).toBe(false)
    expect(reason).toMatch(/fallback to CPU EP has been explicitly disabled/)
  })

  test('that nobody knows gives the reason in one line', async () => {
    const { works, reason } = await tryProvider('abacus')
    expect(works).toBe(false)
    expect(reason).toMatch(/^no available backend found.*abacus/)
    expect(reason).not.toContain('\\n')
  })

  test('that gives no answer ends after a while', async () => {
    expect(await tryProvider('webgpu', 1)).toMatchObject({ works: false, reason: 'no answer in 0.001 seconds' })
  })

  test('that wants an installation of its own names the command for it, which exists', async () => {
    const { works, reason } = await tryProvider('cuda')
    // On a machine that has it there is nothing to say.
    if (works) return
    const [, script] = CUDA_INSTALL.split(' ')
    expect(existsSync(script)).toBe(true)
    if (process.platform === 'linux' && process.arch === 'x64') expect(reason).toContain(CUDA_INSTALL)
  })
})

// A GPU in software, which comes with Debian's package of Chromium.
const folder = '/usr/lib/chromium'
const hasSwiftShader = existsSync(`${folder}/vk_swiftshader_icd.json`)
if (!hasSwiftShader) console.warn(`SKIPPED (no SwiftShader in ${folder}): WebGPU on a GPU in software`)

test.skipIf(!hasSwiftShader)('WebGPU works on a GPU in software, whose name is told', async () => {
  vi.stubEnv('LD_LIBRARY_PATH', folder)
  vi.stubEnv('VK_ICD_FILENAMES', `${folder}/vk_swiftshader_icd.json`)
  const state = await tryProvider('webgpu')
  vi.unstubAllEnvs()
  expect(state).toMatchObject({ name: 'webgpu', works: true, reason: null })
  expect(state.devices).toEqual([expect.stringMatching(/^SwiftShader .*\(in software, on the CPU\)$/)])
})
