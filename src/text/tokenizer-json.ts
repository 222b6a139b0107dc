import { SpanforgeError } from '../errors.ts'
import { showValue } from '../show-value.ts'
import type { AddedToken } from './added-tokens.ts'
import { unsupportedModel } from './choose-class.ts'
import { type Component, Fields, readComponent, unexpected } from './fields.ts'
import { MAX_VOCABULARY, type TokenizerSettings } from './settings.ts'
import { completeToken, type NewToken, readToken } from './special-tokens.ts'
import type { BertTokenizer } from './tokenizer.ts'
import type { WordPieceModel } from './wordpiece.ts'

/** What tokenizer.json says of a tokenizer. */
export interface TokenizerJson
  extends Pick<TokenizerSettings, 'vocab' | 'model' | 'normalizer' | 'pre_tokenizer' | 'post_processor' | 'decoder'> {
  /** Undefined in a file without such a list, which only some classes of transformers can read. */
  readonly added_tokens: readonly NewToken[] | undefined
  /** What transformers takes from a truncation and a padding written in the file; nothing else of them has an effect. */
  readonly defaults: { readonly pad_token?: string; readonly padding_side?: string; readonly truncation_side?: string }
}

const PLACE = 'tokenizer.json'

/** @throws SpanforgeError where it is no WordPiece tokenizer, or incomplete */
export function readTokenizerJson(value: unknown): TokenizerJson {
  const json = Fields.of(value, PLACE)
  if (!json.has('model'))
    throw new SpanforgeError(
      `tokenizer.json describes no tokenizer: it has no "model", only ${showValue(json.names, 80)}`,
      { remedy: 'Download tokenizer.json again.' },
    )
  const model = json.object('model')
  const kind = modelKind(model)
  if (kind !== 'WordPiece') throw unsupportedModel(`tokenizer.json is a ${kind} tokenizer`)
  const component = (name: string): Component | null => readComponent(json.raw(name), json.path(name))
  return {
    vocab: readVocabulary(model.object('vocab')),
    model: readWordPiece(model),
    normalizer: component('normalizer'),
    pre_tokenizer: component('pre_tokenizer'),
    post_processor: component('post_processor'),
    decoder: component('decoder'),
    defaults: defaultsOf(json),
    added_tokens: json.has('added_tokens') ? json.list('added_tokens').map(addedToken) : undefined,
  }
}

function defaultsOf(json: Fields): TokenizerJson['defaults'] {
  const part = (name: string): Fields => Fields.of(json.raw(name) ?? {}, json.path(name))
  const [padding, truncation] = [part('padding'), part('truncation')]
  return {
    pad_token: padding.optional('pad_token', 'string'),
    padding_side: padding.optional('direction', 'string')?.toLowerCase(),
    truncation_side: truncation.optional('direction', 'string')?.toLowerCase(),
  }
}

/** The kind of a model; files written before tokenizers 0.9 do not name it, but each kind has its own fields. */
function modelKind(model: Fields): string {
  if (model.has('type')) {
    const type = model.string('type')
    return Object.hasOwn(MODEL_NAMES, type) ? MODEL_NAMES[type] : showValue(type, 40)
  }
  if (model.has('merges')) return MODEL_NAMES.BPE
  if (model.has('max_input_chars_per_word')) return 'WordPiece'
  return Array.isArray(model.raw('vocab')) ? MODEL_NAMES.Unigram : 'WordLevel'
}

const MODEL_NAMES: Readonly<Record<string, string>> = {
  WordPiece: 'WordPiece',
  WordLevel: 'WordLevel',
  BPE: 'BPE (byte-pair encoding)',
  Unigram: 'Unigram (SentencePiece)',
}

const readWordPiece = (model: Fields): WordPieceModel => ({
  type: 'WordPiece',
  unk_token: model.string('unk_token'),
  continuing_subword_prefix: model.string('continuing_subword_prefix'),
  max_input_chars_per_word: model.integer('max_input_chars_per_word', 0),
})

/** Ids may have gaps between them; a damaged file must not make an array of any size. */
const MAX_ID = MAX_VOCABULARY - 1

/** Tokens by id; an id that no token has, which transformers allows, gets none. */
function readVocabulary(fields: Fields): (string | null)[] {
  const tokens = fields.names
  const vocab: (string | null)[] = []
  for (const token of tokens) {
    const id = fields.raw(token)
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) > MAX_ID || vocab[id as number] !== undefined)
      throw new SpanforgeError(
        `tokenizer.json: token ${showValue(token, 60)} of ${tokens.length} has id ${showValue(id, 60)}; ` +
          `expected whole numbers from 0 to ${MAX_ID}, each once`,
        { remedy: 'Download tokenizer.json again, or delete it if vocab.txt is there too.' },
      )
    vocab[id as number] = token
  }
  return Array.from(vocab, (token) => token ?? null)
}

/** Ids of added tokens are not read: the tokenizers library gives them out itself, in the order of the list. */
function addedToken(value: unknown, index: number): NewToken {
  const place = `${PLACE}: added_tokens[${index}]`
  const token = completeToken(readToken(value, place))
  if (token.content === '') throw unexpected(`${place}.content`, '', 'at least one character')
  return token
}

/**
 * tokenizer.json, as the tokenizers library 0.22 writes it. Its normalizer is the one that the added tokens went through:
 * the class, which tokenizer_config.json names, changes it again when it reads the file.
 */
export function toTokenizerJson(tokenizer: BertTokenizer): Record<string, unknown> {
  const { vocab, model, pre_tokenizer, post_processor, decoder } = tokenizer.settings
  const { added_tokens_normalizer: normalizer = tokenizer.settings.normalizer } = tokenizer.settings
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: firstAdditions(tokenizer),
    normalizer,
    pre_tokenizer,
    post_processor,
    decoder,
    model: {
      ...model,
      vocab: Object.fromEntries([...vocab.entries()].flatMap(([id, token]) => (token === null ? [] : [[token, id]]))),
    },
  }
}

/** Tokens with the switches that they were first added with; tokenizer_config.json lists those they have now. */
function firstAdditions(tokenizer: BertTokenizer): AddedToken[] {
  const [first = [], ...later] = tokenizer.settings.added_tokens
  const known = new Set(first.map(({ content }) => content))
  const added = later.flat().filter(({ content }) => !known.has(content))
  return [...first, ...added].map((token) => ({ id: tokenizer.id(token.content)!, ...token }))
}
