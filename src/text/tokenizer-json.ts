import { SpanforgeError } from '../errors.ts'
import { BertTokenizer } from './tokenizer.ts'
import { addedToken, asObject, settingsFromConfig } from './tokenizer-config.ts'

const REMEDY = 'This is not a BERT tokenizer. Use a model whose tokenizer_class is BertTokenizer.'

/**
 * The tokenizer that the objects of tokenizer.json and tokenizer_config.json describe. As in transformers, what
 * tokenizer_config.json states about case, accents and ideographs goes before the normalizer in tokenizer.json, and a
 * truncation or padding written in tokenizer.json has no effect.
 * @throws SpanforgeError where it is another kind of tokenizer, or incomplete.
 */
export function tokenizerFromJson(tokenizer: unknown, config: unknown = {}): BertTokenizer {
  const json = asObject(tokenizer, 'tokenizer.json')
  const model = asObject(json.model, 'tokenizer.json: model')
  const normalizer = asObject(json.normalizer, 'tokenizer.json: normalizer')
  expect('model.type', model.type, 'WordPiece')
  expect('model.continuing_subword_prefix', model.continuing_subword_prefix, '##')
  expect('normalizer.type', normalizer.type, 'BertNormalizer')
  expect('pre_tokenizer.type', asObject(json.pre_tokenizer, 'tokenizer.json: pre_tokenizer').type, 'BertPreTokenizer')
  const stated = settingsFromConfig(config)
  const added = Array.isArray(json.added_tokens) ? json.added_tokens.map(addedToken) : []
  const known = new Set(added.map(({ content }) => content))
  const { lowercase, strip_accents, handle_chinese_chars, clean_text } = normalizer
  return new BertTokenizer({
    // The same spelling rules as in tokenizer_config.json, hence the same checks.
    ...settingsFromConfig({ do_lower_case: lowercase, strip_accents, tokenize_chinese_chars: handle_chinese_chars }),
    ...settingsFromConfig({ unk_token: model.unk_token }),
    ...stated,
    vocab: vocabulary(asObject(model.vocab, 'tokenizer.json: model.vocab')),
    clean_text: clean_text !== false,
    added_tokens: [...added, ...(stated.added_tokens ?? []).filter(({ content }) => !known.has(content))],
    max_input_chars_per_word: maxInputCharsPerWord(model.max_input_chars_per_word),
  })
}

/** tokenizer.json, as the tokenizers library 0.22 writes it. */
export function toTokenizerJson(tokenizer: BertTokenizer): Record<string, unknown> {
  const { settings } = tokenizer
  const { cls_token, sep_token } = settings
  const special = (token: string, type_id: number) => ({ SpecialToken: { id: token, type_id } })
  const sequence = (name: 'A' | 'B', type_id: number) => ({ Sequence: { id: name, type_id } })
  const single = [special(cls_token, 0), sequence('A', 0), special(sep_token, 0)]
  const named = (token: string) => [token, { id: token, ids: [tokenizer.id(token)], tokens: [token] }]
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: settings.added_tokens,
    normalizer: {
      type: 'BertNormalizer',
      clean_text: settings.clean_text,
      handle_chinese_chars: settings.tokenize_chinese_chars,
      strip_accents: settings.strip_accents,
      lowercase: settings.do_lower_case,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single,
      pair: [...single, sequence('B', 1), special(sep_token, 1)],
      special_tokens: Object.fromEntries([named(cls_token), named(sep_token)]),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: settings.unk_token,
      continuing_subword_prefix: '##',
      max_input_chars_per_word: settings.max_input_chars_per_word,
      vocab: Object.fromEntries(settings.vocab.map((token, index) => [token, index]).filter(([token]) => token !== '')),
    },
  }
}

/** Tokens by id; an id that no token has, which transformers allows, gets an empty one. */
function vocabulary(ids: Record<string, unknown>): string[] {
  const entries = Object.entries(ids)
  // A damaged file must not make an array of any size.
  const limit = 2 * entries.length
  const vocab: string[] = []
  for (const [token, id] of entries) {
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) >= limit || vocab[id as number] !== undefined)
      throw new SpanforgeError(
        `tokenizer.json: token "${token}" of ${entries.length} has id ${JSON.stringify(id)}; ` +
          'expected numbers from 0 without large gaps, each once',
        { remedy: 'Download tokenizer.json again, or delete it where vocab.txt is there too.' },
      )
    vocab[id as number] = token
  }
  return Array.from(vocab, (token) => token ?? '')
}

function maxInputCharsPerWord(value: unknown): number {
  if (value === undefined) return 100
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number
  throw new SpanforgeError(
    `tokenizer.json: model.max_input_chars_per_word is ${JSON.stringify(value)}; expected a number from 1`,
  )
}

function expect(field: string, found: unknown, expected: string): void {
  if (found === expected) return
  throw new SpanforgeError(`tokenizer.json: ${field} is ${JSON.stringify(found)}; expected "${expected}"`, {
    remedy: REMEDY,
  })
}
