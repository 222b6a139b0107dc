import { expect, test } from 'vitest'
import { fixtureJson } from '../../tests/fixture.ts'
import { bert } from './bert.ts'
import { configJson, geometryOf, parseConfig } from './registry.ts'

const tiny = fixtureJson<Record<string, unknown>>('tiny/b1/safetensors/config.json')

test('reads all fields of a real config', () => {
  const { extra, ...fields } = parseConfig(tiny, 'config.json')
  expect(fields).toEqual({
    model_type: 'bert',
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

test('missing fields default to bert-base-uncased, as in transformers', () => {
  expect(parseConfig({ model_type: 'bert' }, 'config.json')).toEqual({
    model_type: 'bert',
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

test.each(['gelu', 'gelu_pytorch_tanh', 'gelu_python', 'quick_gelu', 'swish', 'relu2'])(
  'supports the activation %s',
  (hidden_act) => {
    expect(bert.parseConfig({ hidden_act }, 'config.json').hidden_act).toBe(hidden_act)
  },
)

const REFUSED: Record<string, [fields: unknown, error: RegExp]> = {
  'an unknown activation': [{ hidden_act: 'swiglu' }, /hidden_act: found "swiglu", expected one of gelu, .*, linear\n/],
  'an activation with weights of its own': [{ hidden_act: 'prelu' }, /hidden_act: found "prelu", expected one of/],
  'no activation': [{ hidden_act: null }, /hidden_act: found null, expected one of/],
  'no positions': [{ position_embedding_type: null }, /position_embedding_type: found null, expected absolute/],
  'pruned heads': [{ pruned_heads: { 3: [0, 7] } }, /pruned_heads: found {"3": \[0, 7\]}, expected no pruned heads/],
  'padding before the vocabulary': [{ vocab_size: 10, pad_token_id: -11 }, /pad_token_id: found -11, expected/],
  'heads that do not divide the hidden size': [
    { hidden_size: 100, num_attention_heads: 12 },
    /num_attention_heads: found 12, expected a divisor of hidden_size, 100/,
  ],
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
    /the sizes result in about \d+ parameters, expected at most/,
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
  'rejects %s, with file, field, found and expected value',
  (_name, [fields, expected]) => {
    const parse = () => parseConfig(fields, 'model/config.json')
    expect(parse).toThrow(expected)
    expect(parse).toThrow('model/config.json: ')
    expect(parse).toThrow(/Correct the file or choose another model|Choose another BERT model/)
  },
)

test('reports all invalid fields at once', () => {
  expect(() => parseConfig({ hidden_act: 'x', vocab_size: -1 }, 'c')).toThrow(
    /hidden_act(.|\n)*vocab_size|vocab_size(.|\n)*hidden_act/,
  )
})

test.each([
  { pad_token_id: null },
  { is_decoder: null },
  { pruned_heads: null },
  { pruned_heads: {} },
  { pruned_heads: { 0: [] } },
])('%j is read', (fields) => {
  expect(parseConfig({ ...tiny, ...fields }, 'config.json')).toMatchObject({ hidden_size: 32 })
})

test.each([
  [0, 0],
  [1, 1],
  [-1, 127],
  [null, undefined],
])('with pad_token_id %j, the padding row is %j, as in torch', (pad_token_id, row) => {
  const config = parseConfig({ ...tiny, pad_token_id }, 'config.json')
  expect(geometryOf(config).padding_row).toBe(row)
  expect(JSON.parse(configJson(config)).pad_token_id).toBe(pad_token_id)
})

/** Fields of other models that transformers reads or writes. */
const OF_OTHERS = {
  num_labels: 3,
  _num_labels: 3,
  id2label: { 0: 'A', 1: 'B', 2: 'C' },
  label2id: { A: 0, B: 1, C: 2 },
  problem_type: 'multi_label_classification',
  finetuning_task: 'mrpc',
  task_specific_params: { summarization: { max_length: 3 } },
  architectures: ['BertForSequenceClassification'],
  torch_dtype: 'bfloat16',
  dtype: 'float16',
  quantization_config: { quant_method: 'bitsandbytes', load_in_8bit: true },
  use_bfloat16: true,
  is_decoder: false,
  add_cross_attention: true,
  cross_attention_hidden_size: 64,
  is_encoder_decoder: true,
  tie_encoder_decoder: true,
  return_dict: false,
  output_attentions: true,
  output_hidden_states: true,
  torchscript: true,
  chunk_size_feed_forward: 4,
  pruned_heads: {},
  auto_map: { AutoModel: 'modeling_x.X' },
  _attn_implementation: 'flash_attention_2',
  attn_implementation: 'flash_attention_2',
  _attn_implementation_autoset: true,
  _name_or_path: '/home/somebody/model',
  _commit_hash: 'abc',
  transformers_version: '4.6.0.dev0',
}

test('a saved config omits fields that apply only to the pretrained model', () => {
  const config = parseConfig({ ...tiny, ...OF_OTHERS }, 'config.json')
  const text = configJson(config)
  expect(JSON.parse(text)).toEqual(tiny)
  expect(configJson(parseConfig(JSON.parse(text), 'config.json'))).toBe(text)
  expect(JSON.parse(configJson(config, 'float16')).dtype).toBe('float16')
})

test('a saved config keeps unknown fields', () => {
  const kept = { custom_metrics: { f1: 0.5 }, author: 'ann', gradient_checkpointing: false, tie_word_embeddings: true }
  expect(JSON.parse(configJson(parseConfig({ ...tiny, ...kept }, 'config.json')))).toEqual({ ...tiny, ...kept })
})
