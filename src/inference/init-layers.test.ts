import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fixture, fixtureJson } from '../../tests/fixture.ts'
import { maxDifference, readRecorded } from '../../tests/read-safetensors.ts'
import { temporaryFolder } from '../../tests/temporary-folder.ts'
import { recordedBatch } from '../../tests/tiny-model.ts'
import { chooseLayers } from '../models/choose-layers.ts'
import { parseConfig } from '../models/registry.ts'
import { loadPretrained } from './pretrained.ts'

const folder = fixture('tiny/b1/safetensors')

test('the first layer and the head compute the logits of the hidden state that torch has after it', async () => {
  const { model, report } = await loadPretrained(folder, { init_layers: [0] })
  expect(report).toEqual({ missing: [], unexpected: expect.arrayContaining([]), mismatched: [] })
  expect(model.geometry.layers).toBe(1)
  const { data: hidden, shape } = readRecorded(fixture('tiny/b1/expected-plain.safetensors'))['hidden_states.1']
  const [rows, length, width] = shape
  const weight = model.parameters.view('qa_outputs.weight')
  const bias = model.parameters.view('qa_outputs.bias')
  const logit = (side: 0 | 1, place: number) => {
    let sum = bias[side]
    for (let i = 0; i < width; i++) sum += weight[side * width + i] * (hidden[place * width + i] as number)
    return sum
  }
  const { logits } = await model.forward(recordedBatch(fixture('tiny/b1/batch-plain.safetensors')).rows)
  expect(logits).toHaveLength(rows)
  for (const [row, { start_logits, end_logits }] of logits.entries())
    for (const [side, found] of [start_logits, end_logits].entries()) {
      const expected = Float32Array.from({ length }, (_, i) => logit(side as 0 | 1, row * length + i))
      expect(maxDifference(found, expected)).toBeLessThan(1e-5)
    }
  await model.release()
})

test('a chosen layer takes the weights of its layer, from bare encoders too, and the head is new if it is missing', async () => {
  for (const source of ['tiny/b1/safetensors', 'tiny/b2/encoder-only']) {
    const deep = await loadPretrained(fixture(source))
    const { model, report } = await loadPretrained(fixture(source), { init_layers: [1] })
    const isBare = source.endsWith('encoder-only')
    expect(report.missing).toEqual(isBare ? ['qa_outputs.bias', 'qa_outputs.weight'] : [])
    expect(report.unexpected.some((name) => name.includes('layer.0.'))).toBe(true)
    for (const { name } of model.specs) {
      const from = name.replace('layer.0.', 'layer.1.')
      expect(maxDifference(model.parameters.view(name), deep.model.parameters.view(from)), name).toBe(0)
    }
  }
})

test('a weight that is missing in the chosen layer is reported by its new name', async () => {
  const copy = temporaryFolder()
  cpSync(fixture('tiny/b1/safetensors'), copy, { recursive: true })
  const path = join(copy, 'config.json')
  writeFileSync(
    path,
    JSON.stringify({ ...fixtureJson<object>('tiny/b1/safetensors/config.json'), num_hidden_layers: 3 }),
  )
  const { report } = await loadPretrained(copy, { init_layers: [0, 2] })
  expect(report.missing).toContain('bert.encoder.layer.1.output.dense.weight')
  expect(report.missing.every((name) => name.includes('.layer.1.'))).toBe(true)
})

describe('layers are chosen', () => {
  const names = (model: string, layers: readonly number[], more: object = {}) => {
    const config = parseConfig({ ...fixtureJson<object>(`tiny/${model}/config.json`), ...more }, 'base')
    const { sources, nameOf } = chooseLayers(config, layers, 'base')
    return Object.fromEntries(sources.map(({ name }) => [name, nameOf(name)]))
  }

  test.each([
    [
      'distilbert/model',
      'distilbert.transformer.layer.1.ffn.lin1.weight',
      'distilbert.transformer.layer.0.ffn.lin1.weight',
    ],
    ['roberta/model', 'roberta.encoder.layer.1.output.dense.bias', 'roberta.encoder.layer.0.output.dense.bias'],
    ['electra/model', 'electra.encoder.layer.1.output.dense.bias', 'electra.encoder.layer.0.output.dense.bias'],
    ['deberta-v2/model', 'deberta.encoder.layer.1.output.dense.bias', 'deberta.encoder.layer.0.output.dense.bias'],
  ])('of %s', (model, source, name) => {
    const found = names(model, [1])
    expect(found[source]).toBe(name)
    expect(Object.keys(found).some((key) => key.includes('layer.0.'))).toBe(false)
  })

  test('of ModernBERT where their kinds of attention match', () => {
    const found = names('modernbert/model', [0, 4], { num_hidden_layers: 6, global_attn_every_n_layers: 3 })
    expect(found['model.layers.4.attn_norm.weight']).toBe('model.layers.1.attn_norm.weight')
    expect(() => names('modernbert/model', [0, 3], { num_hidden_layers: 6, global_attn_every_n_layers: 3 })).toThrow(
      'init_layers 0,3: layer 3 of base is a layer with global attention and cannot become layer 1, which is a layer with local',
    )
    expect(() => names('modernbert/model', [1], {})).toThrow('which is a first layer without a norm')
  })

  test('not where the model does not have them or shares their weights', () => {
    const expected = 'expected layers from 0 to 1 of base in ascending order'
    for (const layers of [[2], [0, 1, 2], [1, 0], [0, 0]])
      expect(() => names('b1/safetensors', layers)).toThrow(`init_layers ${layers.join(',')}: ${expected}`)
    expect(() => names('albert/model', [0])).toThrow('init_layers 0: the layers of base share their weights')
  })
})
