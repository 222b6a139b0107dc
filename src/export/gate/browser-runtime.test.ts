import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, test, vi } from 'vitest'
import { describeChromium, SOFTWARE_WEBGPU } from '../../../tests/chromium.ts'
import { fixture } from '../../../tests/fixture.ts'
import { temporaryFolder } from '../../../tests/temporary-folder.ts'
import { itInFull, thoroughOr } from '../../../tests/thorough.ts'
import { recordedBatch } from '../../../tests/tiny-model.ts'
import { listVariants } from '../../checkpoint/onnx-folder.ts'
import { loadTokenizer } from '../../checkpoint/tokenizer-folder.ts'
import { loadPretrained } from '../../inference/pretrained.ts'
import type { WindowLogits } from '../../squad/answers/document-logits.ts'
import { exportVariants } from '../export-model.ts'
import { browserRuntime, wasmRuntime, webGpuRuntime } from './browser-runtime.ts'
import type { RuntimeEntry } from './runtime.ts'

const folder = fixture('tiny/b1/safetensors')
const { rows } = recordedBatch(fixture('tiny/b1/batch-padded.safetensors'))

/** Exports a tiny model and returns the folder, and what the model itself computes. */
async function exported(options: { dtypes?: ['fp32', 'q8']; external_data?: boolean } = {}) {
  const [{ model }, tokenizer] = await Promise.all([loadPretrained(folder), loadTokenizer(folder)])
  const output_dir = join(temporaryFolder(), 'exported')
  await exportVariants({ folder, name: 'tiny', model, tokenizer }, { output_dir, ...options })
  const { logits } = await model.forward(rows)
  await model.release()
  return { output_dir, logits }
}

async function computed(entry: RuntimeEntry, output_dir: string): Promise<WindowLogits[]> {
  const runtime = await entry.start({ pad_token_id: 0 })
  try {
    const [variant] = await listVariants(output_dir)
    const session = await runtime.open(output_dir, variant)
    const found = await session.run(rows)
    await session.close()
    return found
  } finally {
    await runtime.close()
  }
}

function expectSame(found: readonly WindowLogits[], logits: readonly WindowLogits[]): void {
  for (const [r, { attended }] of rows.entries())
    for (const side of ['start_logits', 'end_logits'] as const)
      for (let i = 0; i < attended; i++) expect(found[r][side][i]).toBeCloseTo(logits[r][side][i], 4)
}

describeChromium('Chromium', () => {
  it('computes the logits of an exported variant in WebAssembly, with external data too', async () => {
    for (const external_data of thoroughOr([false, true], [true])) {
      const { output_dir, logits } = await exported({ external_data })
      expectSame(await computed(wasmRuntime, output_dir), logits)
    }
  })

  itInFull('computes the logits of an exported variant with WebGPU', async () => {
    const { output_dir, logits } = await exported()
    const entry = browserRuntime({ provider: 'webgpu', args: SOFTWARE_WEBGPU, acceptsSoftware: true })
    expectSame(await computed(entry, output_dir), logits)
  })

  itInFull('does not use a graphics adapter in software unless it is asked to', async () => {
    const start = browserRuntime({ provider: 'webgpu', args: SOFTWARE_WEBGPU }).start({ pad_token_id: 0 })
    await expect(start).rejects.toThrow('WebGPU: Chromium has only a graphics adapter in software')
    const none = browserRuntime({ provider: 'webgpu', args: ['--disable-gpu'] }).start({ pad_token_id: 0 })
    await expect(none).rejects.toThrow('WebGPU: Chromium finds no graphics adapter')
  })

  itInFull('names a variant that it cannot load, and can load another one afterwards', async () => {
    const { output_dir, logits } = await exported({ dtypes: ['fp32', 'q8'] })
    const [first, second] = await listVariants(output_dir)
    const runtime = await wasmRuntime.start({ pad_token_id: 0 })
    writeFileSync(join(output_dir, second.file), 'no model')
    await expect(runtime.open(output_dir, second)).rejects.toThrow(
      /^onnx\/model_quantized\.onnx: WASM in Chromium cannot load it \(.+\)$/,
    )
    rmSync(join(output_dir, second.file))
    await expect(runtime.open(output_dir, second)).rejects.toThrow('onnx/model_quantized.onnx: WASM in Chromium cannot')
    const session = await runtime.open(output_dir, first)
    expectSame(await session.run(rows), logits)
    await runtime.close()
  })
})

test('says that Chromium is missing', async () => {
  vi.stubEnv('SPANFORGE_CHROMIUM', '/nowhere/chromium')
  for (const entry of [wasmRuntime, webGpuRuntime])
    await expect(entry.start({ pad_token_id: 0 })).rejects.toThrow(/^Chromium: not found\n.*SPANFORGE_CHROMIUM/)
  vi.unstubAllEnvs()
})
