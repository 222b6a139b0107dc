import { expect, test } from 'vitest'
import { fixture } from '../../tests/fixture.ts'
import { recordedBatch, tinyModel, unpadded } from '../../tests/tiny-model.ts'
import { loadTokenizer } from '../checkpoint/tokenizer-folder.ts'
import { defaultEngine } from '../runtime/registry.ts'
import { planVariant } from './plan-variants.ts'
import { chooseKept, measureSensitivities } from './sensitivity.ts'

const folder = 'b1/safetensors'

async function outlying() {
  const model = tinyModel(folder)
  // Activations with an outlier lose their precision when they are quantized with one scale.
  const outlier = model.specs.find(({ name }) => name.endsWith('layer.0.output.dense.weight'))!.name
  const inner = model.specs.find(({ name }) => name.endsWith('layer.0.intermediate.dense.bias'))!.name
  model.parameters.view(inner)[0] = 1000
  model.parameters.view(outlier).forEach((_, i, values) => {
    if (i % (values.length / model.geometry.hidden_size) === 0) values[i] = 0
  })
  return { source: { model, tokenizer: await loadTokenizer(fixture(`tiny/${folder}`)) }, outlier }
}

const { rows } = unpadded(recordedBatch(fixture('tiny/b1/batch-padded.safetensors')))
const options = { rows, engine: defaultEngine }

test('finds the product that quantization harms most, and keeps it in floating point', async () => {
  const { source, outlier } = await outlying()
  const progress: string[] = []
  const measured = await measureSensitivities(source, 'int8', {
    ...options,
    onProgress: (done, total) => progress.push(`${done}/${total}`),
  })
  const [worst, next] = measured.sort((a, b) => b.error - a.error)
  expect(worst.name).toBe(outlier)
  expect(worst.error).toBeGreaterThan(10 * next.error)
  expect(progress.at(-1)).toBe(`${progress.length}/${progress.length}`)
  expect(await chooseKept(source, 'int8', { ...options, largest_size: 1 })).toEqual([outlier])
  await source.model.release()
})

test('keeps no more than the size allows', async () => {
  const { source, outlier } = await outlying()
  expect(await chooseKept(source, 'int8', { ...options, largest_size: 0 })).toEqual([])
  const [none, one] = [[], [outlier]].map((kept) => planVariant(source, 'int8', { kept: { int8: kept } }))
  expect(one.bytes).toBeGreaterThan(none.bytes)
  const largest_size = one.bytes / planVariant(source, 'fp32').bytes
  expect(await chooseKept(source, 'int8', { ...options, largest_size })).toEqual([outlier])
  await source.model.release()
})
