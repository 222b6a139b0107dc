import { expect, test, vi } from 'vitest'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { isThorough } from '../../tests/thorough.ts'
import { saveModel } from '../checkpoint/model-folder.ts'
import { loadPretrained, randomModel } from '../inference/pretrained.ts'
import { tensorsOf } from '../training/checkpoints/run-checkpoint.ts'
import { MODEL_TYPES, parseConfig } from './registry.ts'

vi.setConfig({ testTimeout: 600_000 })

const rows = [48, 17].map((length) => ({
  input_ids: Int32Array.from({ length }, (_, i) => 1000 + 37 * i),
  token_type_ids: new Int32Array(length),
  attended: length,
}))

/** The default configurations in transformers are those of published models. */
test.skipIf(!isThorough).each(MODEL_TYPES)('saves, loads and runs a %s model of published size', async (model_type) => {
  const folder = temporaryFolder()
  const made = randomModel(parseConfig({ model_type }, 'config.json'))
  await saveModel(folder, made.config, tensorsOf(made.parameters))
  const { model, report } = await loadPretrained(folder)
  expect(report).toEqual({ missing: [], unexpected: [], mismatched: [] })
  const { logits } = await model.forward(rows)
  for (const [r, { start_logits, end_logits }] of logits.entries()) {
    expect(start_logits).toHaveLength(rows[r].input_ids.length)
    for (const value of [...start_logits, ...end_logits]) expect(Number.isFinite(value)).toBe(true)
    expect(new Set(start_logits).size).toBeGreaterThan(rows[r].input_ids.length / 2)
  }
  await model.release()
})
