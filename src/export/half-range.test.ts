import { expect, test } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { recordedBatch, tinyModel, unpadded } from '../../tests/tiny-model.ts'
import { loadTokenizer } from '../checkpoint/tokenizer-folder.ts'
import { MODEL_TYPES } from '../models/registry.ts'
import { defaultEngine } from '../runtime/registry.ts'
import { MAX_HALF } from './half-precision.ts'
import { largestHalfValue } from './half-range.ts'
import { measureProductInputs } from './product-inputs.ts'

const { rows } = unpadded(recordedBatch(fixture('tiny/b1/batch-padded.safetensors')))
const options = { rows, engine: defaultEngine }

test('finds values that only float16 cannot represent, inside the model', async () => {
  const model = tinyModel('b1/safetensors')
  const source = { model, tokenizer: await loadTokenizer(fixture('tiny/b1/safetensors')) }
  const inputs = await measureProductInputs(source, options)
  const largestInput = Math.max(...inputs.flatMap(({ highest }) => [...highest]))
  const usual = await largestHalfValue(source, options)
  expect(usual).toBeGreaterThanOrEqual(largestInput)
  expect(usual).toBeLessThan(1000)
  // All weights fit into float16, and a layer norm brings the values back, so that the logits are finite.
  model.parameters.view('bert.encoder.layer.0.intermediate.dense.bias')[0] = 60_000
  model.parameters.view('bert.encoder.layer.0.output.dense.weight').fill(2)
  expect(await largestHalfValue(source, options)).toBeGreaterThan(MAX_HALF)
  const { logits } = await model.forward(rows)
  expect(logits.every(({ start_logits }) => start_logits.every(Number.isFinite))).toBe(true)
  await model.release()
})

test.each([...MODEL_TYPES].filter((type) => type !== 'bert'))('masks of %s fit into float16', async (type) => {
  const model = tinyModel(`${type}/model`)
  const source = { model, tokenizer: await loadTokenizer(fixture('tiny/b1/safetensors')) }
  const ids = { input_ids: Int32Array.of(5, 6, 7, 8, 9, 10), token_type_ids: new Int32Array(6), attended: 6 }
  const padded = { ...ids, input_ids: Int32Array.of(5, 6, 7, 8, 0, 0), attended: 4 }
  expect(await largestHalfValue(source, { rows: [ids, padded], engine: defaultEngine })).toBeLessThan(MAX_HALF)
  await model.release()
})
