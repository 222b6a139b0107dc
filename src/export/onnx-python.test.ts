import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { recordedBatch, recordedBatches, tinyModel } from '../../tests/tiny-model.ts'
import { EXPORT_DTYPES } from '../checkpoint/onnx-folder.ts'
import { MODEL_TYPES } from '../models/registry.ts'
import { encodeModel } from '../onnx/encode.ts'
import { toBytes } from '../protobuf.ts'
import { variantGraph } from './variant-graph.ts'

/** A Python with onnx and onnxruntime: SPANFORGE_PYTHON, or python3. */
const python = process.env.SPANFORGE_PYTHON ?? 'python3'
const script = fileURLToPath(new URL('../../scripts/python/check_onnx.py', import.meta.url))
const hasOnnx = spawnSync(python, ['-c', 'import onnx, onnxruntime']).status === 0
if (!hasOnnx) console.warn(`SKIPPED (${python} has no onnx and onnxruntime; see SPANFORGE_PYTHON): onnx-python`)

interface Checked {
  readonly file: string
  readonly opset: number
  readonly domains: readonly string[]
  readonly inputs: readonly string[]
  readonly start_logits: readonly (readonly number[])[]
  readonly end_logits: readonly (readonly number[])[]
}

describe.skipIf(!hasOnnx)('onnx.checker and onnxruntime in Python accept', () => {
  test.each(MODEL_TYPES)('every dtype of %s', { timeout: 120_000 }, async (type) => {
    const folder = temporaryFolder()
    const model = tinyModel(type === 'bert' ? 'b1/safetensors' : `${type}/model`)
    const { rows } =
      type === 'bert' ? recordedBatch(fixture('tiny/b1/batch-padded.safetensors')) : recordedBatches(type).padded
    const hasTokenTypes = model.geometry.token_types > 1
    const batches = EXPORT_DTYPES.map((dtype) => {
      const { graph, initializers } = variantGraph(model, dtype, { hasTokenTypes })
      const file = join(folder, `${dtype}.onnx`)
      writeFileSync(file, toBytes(encodeModel(graph, { initializers })))
      return {
        file,
        input_ids: rows.map(({ input_ids }) => [...input_ids]),
        attention_mask: rows.map(({ input_ids, attended }) => [...input_ids].map((_, i) => Number(i < attended))),
        token_type_ids: rows.map(({ token_type_ids }) => [...token_type_ids]),
      }
    })
    const input = JSON.stringify(batches)
    const checked: Checked[] = JSON.parse(execFileSync(python, [script, '-'], { input, encoding: 'utf8' }))
    const { logits } = await model.forward(rows)
    await model.release()

    expect(new Set(checked.map(({ opset }) => opset))).toEqual(new Set([18]))
    for (const [i, { inputs, domains }] of checked.entries()) {
      const names = ['input_ids', 'attention_mask', ...(hasTokenTypes ? ['token_type_ids'] : [])]
      expect([...inputs].sort()).toEqual(names.sort())
      if (!/q[48]/.test(EXPORT_DTYPES[i])) expect(domains).toEqual([])
    }
    const [fp32] = checked
    for (const [r, { attended }] of rows.entries())
      for (const side of ['start_logits', 'end_logits'] as const)
        for (let i = 0; i < attended; i++)
          expect(Math.abs(fp32[side][r][i] - logits[r][side][i]), `${side} ${r} ${i}`).toBeLessThan(1e-4)
  })
})
