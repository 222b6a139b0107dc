import { expect, test, vi } from 'vitest'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { exhaustiveOr, isThorough } from '../../tests/thorough.ts'
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

/** Where the default configuration is that of a huge model: the sizes of ALBERT-base-v2 and DeBERTa-v3-base. */
const BASE = { hidden_size: 768, num_hidden_layers: 12, num_attention_heads: 12, intermediate_size: 3072 }
const SIZES: Readonly<Record<string, object>> = {
  albert: BASE,
  'deberta-v2': {
    ...BASE,
    ...{ relative_attention: true, pos_att_type: 'p2c|c2p', position_buckets: 256, share_att_key: true },
    ...{ norm_rel_ebd: 'layer_norm', position_biased_input: false },
  },
}

/** Sizes that fail do so in the embeddings or in any layer, so three layers do; a ModernBERT has one of each kind then. */
const LAYERS = exhaustiveOr({}, { num_hidden_layers: 3, n_layers: 3 })

/** A CamemBERT and an XLM-RoBERTa are a RoBERTa with another vocabulary. */
const TYPES = exhaustiveOr(
  MODEL_TYPES,
  MODEL_TYPES.filter((type) => !['camembert', 'xlm-roberta'].includes(type)),
)

test.skipIf(!isThorough).each(TYPES)('saves, loads and runs a %s model of published size', async (model_type) => {
  const folder = temporaryFolder()
  const made = randomModel(parseConfig({ model_type, ...SIZES[model_type], ...LAYERS }, 'config.json'))
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
