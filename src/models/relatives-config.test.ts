import { describe, expect, test } from 'vitest'
import { trainingGraph } from './programs.ts'
import { configJson, geometryOf, parseConfig } from './registry.ts'

const parse = (fields: object) => parseConfig(fields, 'config.json')

describe.each(['roberta', 'camembert', 'xlm-roberta'])('%s', (model_type) => {
  test('positions start at the row after the padding row', () => {
    expect(geometryOf(parse({ model_type, max_position_embeddings: 514 })).max_positions).toBe(512)
    expect(geometryOf(parse({ model_type, max_position_embeddings: 514, pad_token_id: 3 })).max_positions).toBe(510)
    expect(() => parse({ model_type, max_position_embeddings: 2 })).toThrow(
      /max_position_embeddings: found 2, expected more than pad_token_id \+ 1/,
    )
  })

  test.each([null, -1])('rejects a pad_token_id of %j, after which positions cannot be counted', (pad_token_id) => {
    expect(() => parse({ model_type, pad_token_id })).toThrow(
      /pad_token_id: found (null|-1), expected an integer from 0/,
    )
  })

  test('rejects relative positions by name', () => {
    expect(() => parse({ model_type, position_embedding_type: 'relative_key' })).toThrow(
      /position_embedding_type: found "relative_key", expected absolute\n.*Choose another .*model/,
    )
  })

  test('accepts a single token type, and saving preserves the configuration', () => {
    const config = parse({ model_type, type_vocab_size: 1, bos_token_id: 0 })
    expect(geometryOf(config).token_types).toBe(1)
    expect(parseConfig(JSON.parse(configJson(config)), 'saved')).toMatchObject({ ...config, extra: {} })
  })
})

test('distilbert: names of sizes that other models have take precedence, as in transformers', () => {
  const names = { hidden_size: 64, num_hidden_layers: 2, num_attention_heads: 4 }
  const config = parse({ model_type: 'distilbert', dim: 32, n_heads: 8, ...names })
  expect(geometryOf(config)).toMatchObject({ hidden_size: 64, layers: 2, heads: 4 })
  const saved = JSON.parse(configJson(config))
  expect(saved).toMatchObject({ dim: 64, n_layers: 2, n_heads: 4 })
  for (const name of Object.keys(names)) expect(saved).not.toHaveProperty(name)
})

describe('modernbert', () => {
  const model_type = 'modernbert'
  const full_attention = { rope_type: 'default', rope_theta: 160_000 }
  const sliding_attention = { rope_type: 'default', rope_theta: 10_000 }

  test('the defaults are those of ModernBERT-base', () => {
    const config = parse({ model_type })
    expect(config).toMatchObject({
      vocab_size: 50368,
      num_hidden_layers: 22,
      local_attention: 128,
      pad_token_id: 50283,
    })
    expect(geometryOf(config)).toMatchObject({ max_positions: 8192, token_types: 0, is_gated: true })
  })

  test('the fields that transformers 5 writes are understood where they say the same', () => {
    const layer_types = ['full_attention', 'sliding_attention', 'sliding_attention', 'full_attention']
    const fields = { model_type, num_hidden_layers: 4, rope_parameters: { full_attention, sliding_attention } }
    expect(parse({ ...fields, layer_types }).model_type).toBe(model_type)
  })

  test.each([
    [{ rope_scaling: { rope_type: 'yarn', factor: 4 } }, /rope_scaling: found {.*yarn.*}, expected null: unscaled/],
    [{ rope_parameters: { full_attention, sliding_attention: full_attention } }, /sliding_attention: found .*160000/],
    [{ rope_parameters: { full_attention: { rope_type: 'linear', factor: 2 } } }, /full_attention: found .*linear/],
    [
      { rope_parameters: { rope_type: 'default', rope_theta: 5 } },
      /rope_parameters: found "rope_type", expected full_/,
    ],
    [{ pruned_heads: { 0: [1] } }, /pruned_heads: found .*, expected no pruned heads/],
    [{ layer_types: ['sliding_attention'], num_hidden_layers: 1 }, /layer_types: found \["sliding_attention"\]/],
    [{ hidden_size: 6, num_attention_heads: 2 }, /num_attention_heads: found 2, expected heads of an even size/],
    [{ norm_bias: 1 }, /norm_bias: found 1, expected true or false/],
    [{ hidden_activation: 'swiglu' }, /hidden_activation: found "swiglu", expected one of/],
  ])('%j is rejected with an error that says so', (fields, error) => {
    expect(() => parse({ model_type, ...fields })).toThrow(error)
  })
})

describe('albert', () => {
  const model_type = 'albert'

  test.each([
    [
      { num_hidden_layers: 2, num_hidden_groups: 3 },
      /num_hidden_groups: found 3, expected at most num_hidden_layers, 2/,
    ],
    [
      { num_hidden_layers: 3, num_hidden_groups: 2, inner_group_num: 2 },
      /inner_group_num: found 2, expected at most 1/,
    ],
    [{ position_embedding_type: 'relative_key' }, /position_embedding_type: found "relative_key", expected absolute/],
  ])('%j is rejected with an error that says so', (fields, error) => {
    expect(() => parse({ model_type, ...fields })).toThrow(error)
  })

  test('layers that share weights are frozen together or not at all', () => {
    const config = parse({ model_type, num_hidden_layers: 4, num_hidden_groups: 2 })
    expect(() => trainingGraph(config, { freeze_layers: 1 })).toThrow(
      /freeze_layers 1: layers up to 2 share their weights, such as albert.*\n.*Freeze 2 layers, or none/,
    )
    const { dense } = trainingGraph(config, { freeze_layers: 2 })
    expect(dense.some((name) => name.includes('albert_layer_groups.0'))).toBe(false)
    expect(dense.some((name) => name.includes('albert_layer_groups.1'))).toBe(true)
  })
})

describe('deberta-v2', () => {
  const model_type = 'deberta-v2'

  test.each([
    [{ conv_kernel_size: 3 }, /conv_kernel_size: found 3, expected 0: no convolution/],
    [{ pos_att_type: ['p2p'] }, /pos_att_type: found \["p2p"\], expected a list of c2p and p2c/],
    [{ pos_att_type: 'c2p|p2p' }, /pos_att_type: found "c2p\|p2p", expected a list of c2p and p2c/],
    [{ position_buckets: 1 }, /position_buckets: found 1, expected at least 2/],
    [{ attention_head_size: 32 }, /attention_head_size: found 32, expected 64: heads that share hidden_size evenly/],
  ])('%j is rejected with an error that says so', (fields, error) => {
    expect(() => parse({ model_type, ...fields })).toThrow(error)
  })

  test('accepts an attention_head_size that follows from the other sizes', () => {
    expect(parse({ model_type, attention_head_size: 64 }).model_type).toBe(model_type)
  })

  test('DeBERTa v1 is rejected by its name', () => {
    expect(() => parse({ model_type: 'deberta' })).toThrow('this is a model of type "deberta"')
  })
})
