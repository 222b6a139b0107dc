import { expect, test } from 'vitest'
import { fixtureJson } from '../../tests/fixture.ts'
import { parseConfig, toConfigJson } from './config.ts'

const tiny = fixtureJson<Record<string, unknown>>('tiny/b1/safetensors/config.json')

test('every field of a real config is read', () => {
  const { extra, ...fields } = parseConfig(tiny, 'config.json')
  expect(fields).toEqual({
    vocab_size: 128,
    hidden_size: 32,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    intermediate_size: 64,
    hidden_act: 'gelu',
    hidden_dropout_prob: 0.1,
    attention_probs_dropout_prob: 0.1,
    max_position_embeddings: 64,
    type_vocab_size: 2,
    initializer_range: 0.2,
    layer_norm_eps: 1e-12,
    pad_token_id: 0,
  })
  expect(extra).toMatchObject({ use_cache: true, classifier_dropout: null, transformers_version: '4.57.6' })
})

test('what a config leaves out is as in bert-base-uncased, the default of transformers', () => {
  expect(parseConfig({}, 'config.json')).toEqual({
    vocab_size: 30522,
    hidden_size: 768,
    num_hidden_layers: 12,
    num_attention_heads: 12,
    intermediate_size: 3072,
    hidden_act: 'gelu',
    hidden_dropout_prob: 0.1,
    attention_probs_dropout_prob: 0.1,
    max_position_embeddings: 512,
    type_vocab_size: 2,
    initializer_range: 0.02,
    layer_norm_eps: 1e-12,
    pad_token_id: 0,
    extra: {},
  })
})

test.each(['gelu', 'gelu_new', 'relu'])('the activation %s is understood', (hidden_act) => {
  expect(parseConfig({ hidden_act }, 'config.json').hidden_act).toBe(hidden_act)
})

const REFUSED: Record<string, [fields: unknown, error: RegExp]> = {
  'an unknown activation': [{ hidden_act: 'swish' }, /hidden_act: found "swish", expected gelu, gelu_new or relu/],
  'heads that do not divide the hidden size': [
    { hidden_size: 100, num_attention_heads: 12 },
    /num_attention_heads: found 12, expected a divisor of hidden_size, 100/,
  ],
  'another kind of model': [{ model_type: 'roberta' }, /model_type: found "roberta", expected bert/],
  'relative positions': [
    { position_embedding_type: 'relative_key' },
    /position_embedding_type: found "relative_key", expected absolute/,
  ],
  'a decoder': [{ is_decoder: true }, /is_decoder: found true, expected false/],
  'a size of 2^60': [
    { hidden_size: 2 ** 60 },
    /hidden_size: found 1152921504606847000, expected an integer from 1 to 65536\n/,
  ],
  'sizes that only together are absurd': [
    { hidden_size: 65536, num_attention_heads: 16, num_hidden_layers: 1000 },
    /the sizes make about \d+ parameters, expected at most/,
  ],
  'a size of 0': [{ num_hidden_layers: 0 }, /num_hidden_layers: found 0, expected/],
  'a size that is no integer': [{ vocab_size: 1.5 }, /vocab_size: found 1.5, expected an integer from 1 to/],
  'a size that is text': [{ vocab_size: '30522' }, /vocab_size: found "30522", expected/],
  'a dropout of 1': [{ hidden_dropout_prob: 1 }, /hidden_dropout_prob: found 1, expected a number from 0 to below 1/],
  'an epsilon of 0': [{ layer_norm_eps: 0 }, /layer_norm_eps: found 0, expected/],
  'one token type': [{ type_vocab_size: 1 }, /type_vocab_size: found 1, expected/],
  'padding outside the vocabulary': [
    { vocab_size: 10, pad_token_id: 10 },
    /pad_token_id: found 10, expected less than/,
  ],
  'a list': [[], /found \[\], expected a JSON object/],
  null: [null, /found null, expected a JSON object/],
}

test.each(Object.entries(REFUSED))(
  '%s is refused, with file, field, found and expected',
  (_name, [fields, expected]) => {
    const parse = () => parseConfig(fields, 'model/config.json')
    expect(parse).toThrow(expected)
    expect(parse).toThrow('model/config.json: ')
    expect(parse).toThrow('Correct the file, or choose a BERT model')
  },
)

test('all wrong fields are named at once', () => {
  expect(() => parseConfig({ hidden_act: 'x', vocab_size: -1 }, 'c')).toThrow(
    /hidden_act(.|\n)*vocab_size|vocab_size(.|\n)*hidden_act/,
  )
})

test('a config saved and read again is the same, and what it once was called or lay in is gone', () => {
  const raw = { ...tiny, _name_or_path: '/home/somebody/model', torch_dtype: 'float16', architectures: ['BertModel'] }
  const text = toConfigJson(parseConfig(raw, 'config.json'))
  expect(JSON.parse(text)).toEqual(tiny)
  expect(toConfigJson(parseConfig(JSON.parse(text), 'config.json'))).toBe(text)
})
