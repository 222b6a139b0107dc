import { expect, it } from 'vitest'
import { parseConfig } from './registry.ts'

it.each([
  [{ model_type: 'mobilebert', hidden_size: 512 }, 'a model of type "mobilebert"'],
  [{ model_type: 'xlm-roberta-xl', hidden_act: 'silent' }, 'a model of type "xlm-roberta-xl"'],
  [{ architectures: ['MPNetForMaskedLM'] }, 'the architecture MPNetForMaskedLM'],
  [{ architectures: ['XLMRobertaXLForMaskedLM'] }, 'the architecture XLMRobertaXLForMaskedLM'],
  [{ architectures: ['BertGenerationEncoder'] }, 'the architecture BertGenerationEncoder'],
])('rejects the configuration of another architecture and names it: %j', (json, what) => {
  expect(() => parseConfig(json, 'config.json')).toThrow(
    `config.json: this is ${what}; spanforge supports models of type "bert", "distilbert", `,
  )
})

it('treats an old configuration without a type as BERT unless its architecture differs', () => {
  for (const [name, model_type] of [
    ['BertForMaskedLM', 'bert'],
    ['BertModel', 'bert'],
    ['BertLMHeadModel', 'bert'],
    ['DistilBertForMaskedLM', 'distilbert'],
    ['RobertaForMaskedLM', 'roberta'],
    ['XLMRobertaForMaskedLM', 'xlm-roberta'],
    ['CamembertModel', 'camembert'],
  ])
    expect(parseConfig({ architectures: [name] }, 'config.json').model_type).toBe(model_type)
})

it.each([
  [{}, '[]'],
  [{ word_embedding_dimension: 384, pooling_mode_mean_tokens: true }, '["word_embedding_dimension", "pooling_mode'],
  [{ error: 'Repository not found' }, '["error"]'],
])('A config.json that describes no model is not taken for bert-base-uncased: %j', (json, names) => {
  const parse = () => parseConfig(json, 'config.json')
  expect(parse).toThrow('config.json: this is not a model configuration: it has no model_type and no sizes')
  expect(parse).toThrow(`only ${names}`)
})

it.each([
  [{ position_embedding_type: 'relative_key_query' }],
  [{ is_decoder: true }],
  [{ type_vocab_size: 1 }],
  [{ pruned_heads: { 3: [0] } }],
])('A field that is true of the weights is not to be corrected: %j', (json) => {
  const parse = () => parseConfig(json, 'config.json')
  expect(parse).toThrow('Choose another BERT model')
  expect(parse).not.toThrow('Correct the file')
})
