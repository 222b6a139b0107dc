import { describe, expect, test } from 'vitest'
import { fixtureJson } from '../../../tests/fixture.ts'
import { parameterSpecs } from '../../models/programs.ts'
import { parseConfig } from '../../models/registry.ts'
import { layerRates } from './layer-rates.ts'

/** The factors of the parameters whose names contain each of the texts. */
function factors(folder: string, texts: readonly string[]) {
  const specs = parameterSpecs(parseConfig(fixtureJson(`tiny/${folder}/config.json`), folder))
  const rateOf = layerRates(specs, 0.5)
  const of = (text: string) => {
    const found = specs.filter(({ name }) => name.includes(text)).map(({ name }) => rateOf(name))
    return [...new Set(found)]
  }
  return Object.fromEntries(texts.map((text) => [text, of(text)]))
}

describe('the rate of each part', () => {
  test.each([
    ['b1/safetensors', { qa_outputs: [1], 'layer.1.': [0.5], 'layer.0.': [0.25], 'embeddings.': [0.125] }],
    ['distilbert/model', { qa_outputs: [1], 'layer.1.': [0.5], 'layer.0.': [0.25], 'embeddings.': [0.125] }],
    ['roberta/model', { qa_outputs: [1], 'layer.1.': [0.5], 'layer.0.': [0.25], 'embeddings.': [0.125] }],
    ['electra/model', { qa_outputs: [1], 'layer.0.': [0.25], 'embeddings.': [0.125], embeddings_project: [0.125] }],
    ['deberta-v2/model', { qa_outputs: [1], 'layer.1.': [0.5], 'layer.0.': [0.25], rel_embeddings: [0.125] }],
    [
      'modernbert/model',
      { classifier: [1], 'head.': [1], final_norm: [0.5], 'layers.2.': [0.5], 'layers.0.': [0.125], tok_emb: [0.0625] },
    ],
    // Two groups of shared weights, of which the first is applied twice, count as two layers.
    [
      'albert/model',
      { qa_outputs: [1], 'groups.1.': [0.5], 'groups.0.': [0.25], mapping_in: [0.125], word_emb: [0.125] },
    ],
  ])('is that of its place above the embeddings: %s', (folder, expected) => {
    expect(factors(folder, Object.keys(expected))).toEqual(expected)
  })
})
