import { beforeEach, describe, expect, test, vi } from 'vitest'
import { describeOpenVino } from '../../../tests/engines.ts'
import { parseConfig } from '../../models/registry.ts'
import type { Engine } from '../../runtime/engine.ts'
import * as machine from '../machine.ts'
import { chooseEngine } from './choose-engine.ts'
import { secondsOfStep } from './measure-engine.ts'

const config = parseConfig(
  { hidden_size: 32, num_attention_heads: 2, num_hidden_layers: 1, intermediate_size: 64, vocab_size: 99 },
  'test',
)
const withFeatures = (...cpu_features: machine.Machine['cpu_features']) =>
  vi.spyOn(machine, 'inspectMachine').mockReturnValue({ ...machine.inspectMachine(), cpu: 'Test CPU', cpu_features })

/** Hides the graphics adapters of this machine. */
function hideVulkan() {
  vi.stubEnv('VK_DRIVER_FILES', '/nowhere')
  vi.stubEnv('VK_ICD_FILENAMES', '/nowhere')
}

beforeEach(() => {
  vi.restoreAllMocks()
  return () => vi.unstubAllEnvs()
})

describe('with ONNX Runtime alone', () => {
  beforeEach(() => {
    vi.stubEnv('OPENVINO_DIR', '/nowhere')
    vi.stubEnv('ONEDNN_DIR', '/nowhere')
    hideVulkan()
  })

  test('ONNX Runtime is the default', async () => {
    for (const choice of [{}, { engine: null, device: 'cpu' }]) {
      const { name, note } = await chooseEngine(choice, config)
      expect([name, note]).toEqual(['onnxruntime', undefined])
    }
  })

  test('auto chooses it without measuring, and says why', async () => {
    const measure = vi.fn()
    const { name, note } = await chooseEngine({ engine: 'auto' }, config, measure)
    expect(name).toBe('onnxruntime')
    expect(note).toMatch(
      /^Engine: ONNX Runtime, the only one available. OPENVINO_DIR: (.|\n)*ONEDNN_DIR: (.|\n)*WebGPU: /,
    )
    expect(measure).not.toHaveBeenCalled()
  })

  test('a request for OpenVINO, or for bf16 on a processor that supports it, is rejected with what is missing', async () => {
    withFeatures('avx2', 'avx512_bf16')
    for (const choice of [{ engine: 'openvino' }, { device: 'openvino:GPU' }] as const)
      await expect(chooseEngine(choice, config)).rejects.toThrow(/^OPENVINO_DIR: /)
    await expect(chooseEngine({ bf16: true }, config)).rejects.toThrow(
      /^engine: no engine supports bfloat16 on this machine:\n {2}OPENVINO_DIR: (.|\n)*\n {2}ONEDNN_DIR: /,
    )
  })

  test.runIf(process.arch === 'x64')(
    'bf16 on a processor without bfloat16 is rejected without a suggestion to install an engine',
    async () => {
      withFeatures('avx2', 'fma')
      await expect(chooseEngine({ bf16: true }, config)).rejects.toThrow(
        'bf16: this processor (Test CPU) does not support bfloat16: it has neither AVX512_BF16 nor AMX\n  Leave out bf16',
      )
    },
  )

  test('fp16 is rejected on every device here, with the reasons', async () => {
    await expect(chooseEngine({ fp16: true }, config)).rejects.toThrow(
      /^engine: no engine supports float16 on this machine:\n {2}WebGPU: (.|\n)*Leave out fp16 to compute in float32\.$/,
    )
    await expect(chooseEngine({ fp16: true, device: 'cpu' }, config)).rejects.toThrow(
      'engine: no engine supports float16 on cpu\n  Leave out fp16 to compute in float32.',
    )
    await expect(chooseEngine({ fp16: true, engine: 'onnxruntime' }, config)).rejects.toThrow(
      /^fp16: cpu .* does not support float16: ONNX Runtime computes float16 in float32 on a CPU\n {2}Leave out fp16 .*: webgpu\./,
    )
  })

  test('bf16 and fp16 together are rejected', async () => {
    await expect(chooseEngine({ bf16: true, fp16: true }, config)).rejects.toThrow(
      'bf16 and fp16 are mutually exclusive\n  Leave out one of them.',
    )
  })

  test('bf16 on ONNX Runtime is rejected', async () => {
    withFeatures('avx512_bf16')
    await expect(chooseEngine({ bf16: true, engine: 'onnxruntime' }, config)).rejects.toThrow(
      /^bf16: cpu .* does not support bfloat16: ONNX Runtime does not support bfloat16 on a CPU\n {2}Leave out bf16 to compute in float32, or choose another engine: openvino or onednn\./,
    )
  })
})

describeOpenVino('with OpenVINO', (engine) => {
  beforeEach(() => {
    vi.stubEnv('ONEDNN_DIR', '/nowhere')
    hideVulkan()
  })

  test('auto chooses the faster engine and reports both times', async () => {
    const slow =
      (slower: string) =>
      async ({ name }: Engine) =>
        name === slower ? 0.2 : 0.1
    const one = await chooseEngine({ engine: 'auto' }, config, slow('openvino'))
    expect(one.note).toBe('Engine: ONNX Runtime, the fastest in a small training step: 100 ms (OpenVINO: 200 ms).')
    const other = await chooseEngine({ engine: 'auto' }, config, slow('onnxruntime'))
    expect(other).toMatchObject({ name: 'openvino', engine: { name: 'openvino' } })
  })

  test('a small step is measured', async () => {
    expect(await secondsOfStep(engine, config, 'float32')).toBeGreaterThan(0)
  })

  test('a precision that OpenVINO does not support is rejected, even if the processor supports it', async () => {
    withFeatures('avx512_bf16')
    const chosen = chooseEngine({ bf16: true }, config)
    if (engine.precisions.includes('bfloat16')) expect((await chosen).name).toBe('openvino')
    else
      await expect(chosen).rejects.toThrow(
        /bf16: CPU .*OpenVINO.* does not support bfloat16: OpenVINO does not support bfloat16 on /,
      )
  })
})
