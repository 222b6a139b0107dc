import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { batchGradient } from '../../tests/batch-gradient.ts'
import { fixture, fixtureJson } from '../../tests/fixture.ts'
import { hiddenState } from '../../tests/hidden-state.ts'
import { maxDifference, readRecorded } from '../../tests/read-safetensors.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { recordedBatch, withoutDropout } from '../../tests/tiny-model.ts'
import { parseConfig } from '../models/registry.ts'
import { loadPretrained, newlyInitialized, randomModel } from './pretrained.ts'

// Differences are due to rounding with another summation order. float32 in torch is equally far from float64.
const LOGITS = 1e-5
const LOSS = 2e-6
const GRADIENT = 2e-6

const batch = recordedBatch(fixture('tiny/b1/batch-padded.safetensors'))
const load = async (folder: string) => (await loadPretrained(fixture(`tiny/${folder}`))).model

/** Compares a batch with the output of transformers. */
async function expectOutputs(folder: string, recorded: string) {
  const expected = readRecorded(fixture(`tiny/${recorded}.safetensors`))
  const { logits, loss } = await (await load(folder)).forward(batch.rows, batch.spans)
  for (const key of ['start_logits', 'end_logits'] as const)
    expect(
      maxDifference(
        logits.flatMap((row) => [...row[key]]),
        expected[key].data,
      ),
    ).toBeLessThan(LOGITS)
  expect(Math.abs(loss! - expected.loss.data[0])).toBeLessThan(LOSS)
}

describe.each(['safetensors', 'bin-zip', 'bin-legacy', 'safetensors-sharded', 'bin-sharded'])(
  'a model stored as %s',
  (form) => {
    test('reproduces the recorded logits and loss', () => expectOutputs(`b1/${form}`, 'b1/expected-padded'))

    test('has exactly the saved weights', async () => {
      const { parameters } = await load(`b1/${form}`)
      for (const [name, { data }] of Object.entries(readRecorded(fixture('tiny/b1/safetensors/model.safetensors'))))
        expect(parameters.view(name), name).toEqual(data)
    })
  },
)

test('reproduces the recorded hidden states after the embeddings and each layer', async () => {
  const model = await load('b1/safetensors')
  const expected = readRecorded(fixture('tiny/b1/expected-padded.safetensors'))
  for (const layers of [0, 1, 2]) {
    const state = await hiddenState(model, batch.rows, layers)
    expect(maxDifference(state, expected[`hidden_states.${layers}`].data), `layer ${layers}`).toBeLessThan(LOGITS)
  }
})

describe.each(['encoder-only', 'pretraining', 'pretraining-gamma-beta'])('the pretrained encoder %s', (name) => {
  test('reproduces the recorded last hidden state', async () => {
    const { last_hidden_state } = readRecorded(fixture(`tiny/b2/${name}.expected.safetensors`))
    const state = await hiddenState(await load(`b2/${name}`), batch.rows)
    expect(maxDifference(state, last_hidden_state.data)).toBeLessThan(LOGITS)
  })

  test('initializes a new head with random weights and zero biases, and warns about it', async () => {
    const folder = fixture(`tiny/b2/${name}`)
    const [a, b, other] = await Promise.all([42, 42, 43].map((seed) => loadPretrained(folder, { seed })))
    const head = ({ model }: typeof a) => [...model.parameters.view('qa_outputs.weight')]
    expect(head(a)).toEqual(head(b))
    expect(head(a)).not.toEqual(head(other))
    // The root mean square of 64 values with standard deviation 0.2 is within 4 of its own standard deviations.
    const size = Math.sqrt(head(a).reduce((sum, w) => sum + w * w, 0) / 64)
    expect(Math.abs(size - 0.2)).toBeLessThan((4 * 0.2) / Math.sqrt(128))
    expect([...a.model.parameters.view('qa_outputs.bias')]).toEqual([0, 0])
    expect(newlyInitialized(folder, a.model, a.report)).toMatch(
      /newly initialized: qa_outputs\.bias, qa_outputs\.weight\nYou should/,
    )
  })
})

test('does not warn about a complete checkpoint', async () => {
  const { model, report } = await loadPretrained(fixture('tiny/b1/safetensors'))
  expect(report).toEqual({ missing: [], unexpected: [], mismatched: [] })
  expect(newlyInitialized('folder', model, report)).toBeUndefined()
})

test('initializes only the missing tensor', async () => {
  const name = 'bert.encoder.layer.1.output.dense.bias'
  const { model, report } = await loadPretrained(fixture('tiny/b2/one-tensor-missing'))
  expect(report.missing).toEqual([name])
  expect(model.parameters.view(name).every((value) => value === 0)).toBe(true)
  const stored = readRecorded(fixture('tiny/b2/one-tensor-missing/model.safetensors'))
  for (const [other, { data }] of Object.entries(stored)) expect(model.parameters.view(other), other).toEqual(data)
})

test('rejects a head of a different size, or reinitializes it on request', async () => {
  const folder = fixture('tiny/b2/head-of-three')
  await expect(loadPretrained(folder)).rejects.toThrow(/qa_outputs\.weight: found shape \[3, 32\], expected \[2, 32\]/)
  const { model, report } = await loadPretrained(folder, { ignore_mismatched_sizes: true })
  expect(model.parameters.view('qa_outputs.weight').every((value) => value !== 0)).toBe(true)
  expect(newlyInitialized(folder, model, report)).toMatch('newly initialized: qa_outputs.bias, qa_outputs.weight')
})

describe.each(['float16', 'bfloat16'])('a model stored in %s', (type) => {
  test('has exactly the recorded weights in float32', async () => {
    const { parameters } = await load(`b3/${type}`)
    const expected = readRecorded(fixture(`tiny/b3/weights-${type}-as-float32.safetensors`))
    expect(Object.keys(expected)).toHaveLength(parameters.entries.length)
    for (const [name, { data }] of Object.entries(expected)) expect(parameters.view(name), name).toEqual(data)
  })

  test('reproduces the recorded logits and loss', () => expectOutputs(`b3/${type}`, `b3/expected-${type}-as-float32`))

  test('reproduces the recorded gradient of every parameter', async () => {
    const expected = readRecorded(fixture(`tiny/b3/expected-${type}-as-float32.safetensors`))
    const { view } = await batchGradient(withoutDropout(await load(`b3/${type}`)), batch)
    for (const [name, { data }] of Object.entries(expected))
      if (name.startsWith('grad.'))
        expect(maxDifference(view(name.slice('grad.'.length)), data), name).toBeLessThan(GRADIENT)
  })
})

test('loads float weights despite a quantization_config, and rejects packed weights instead of initializing them randomly', async () => {
  const folder = temporaryFolder()
  const config = fixtureJson<object>('tiny/b1/safetensors/config.json')
  const quantized = { ...config, quantization_config: { quant_method: 'gptq', bits: 4 } }
  writeFileSync(join(folder, 'config.json'), JSON.stringify(quantized))
  const weights = join(folder, 'model.safetensors')
  cpSync(fixture('tiny/b1/safetensors/model.safetensors'), weights)
  expect((await loadPretrained(folder)).report.missing).toEqual([])
  cpSync(fixture('tiny/b2/one-tensor-missing/model.safetensors'), weights)
  await expect(loadPretrained(folder)).rejects.toThrow(
    'the model is quantized (quantization_config in config.json) and has no float weights for bert.encoder.layer.1.output.dense',
  )
})

test('initializes no word embedding with zeros without pad_token_id, and the last one with -1', async () => {
  const folder = temporaryFolder()
  const config = fixtureJson<object>('tiny/b1/safetensors/config.json')
  const zeroRows = (pad_token_id: number | null) => {
    const { parameters } = randomModel(parseConfig({ ...config, pad_token_id }, 'config.json'))
    const rows = parameters.view('bert.embeddings.word_embeddings.weight')
    return Array.from({ length: 128 }, (_, row) => row).filter((row) =>
      rows.subarray(32 * row, 32 * (row + 1)).every((value) => value === 0),
    )
  }
  expect([0, -1, null].map(zeroRows)).toEqual([[0], [127], []])
  cpSync(fixture('tiny/b1/safetensors/model.safetensors'), join(folder, 'model.safetensors'))
  const gradientOfPadding = async (pad_token_id: number | null) => {
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, pad_token_id }))
    const { model } = await loadPretrained(folder)
    const { view } = await batchGradient(withoutDropout(model), batch)
    return view('bert.embeddings.word_embeddings.weight')
      .subarray(0, 32)
      .some((value) => value !== 0)
  }
  expect(await gradientOfPadding(0)).toBe(false)
  expect(await gradientOfPadding(null)).toBe(true)
})
