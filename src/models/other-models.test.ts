import { expect, it } from 'vitest'
import { parseConfig } from './config.ts'

it.each([
  [{ model_type: 'distilbert', dim: 768 }, 'a model of type "distilbert"'],
  [{ model_type: 'roberta', hidden_act: 'silent' }, 'a model of type "roberta"'],
  [{ architectures: ['RobertaForMaskedLM'] }, 'a RobertaForMaskedLM'],
])('A configuration of another family is refused with what it is: %j', (json, what) => {
  expect(() => parseConfig(json, 'config.json')).toThrow(
    `config.json: this is ${what}; spanforge reads models of type "bert"\n  Choose a BERT model`,
  )
})

it('An old configuration without a type is BERT unless its architecture says otherwise', () => {
  expect(parseConfig({ architectures: ['BertForMaskedLM'] }, 'config.json').hidden_size).toBe(768)
})
