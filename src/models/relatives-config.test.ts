import { describe, expect, test } from 'vitest'
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
