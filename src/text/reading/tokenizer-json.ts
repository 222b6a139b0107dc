import { SpanforgeError } from '../../errors.ts'
import { showValue } from '../../show-value.ts'
import type { AddedToken } from '../added-tokens.ts'
import { type Component, Fields, lookUp, readComponent, unexpected } from '../fields.ts'
import type { BpeModel } from '../models/bpe.ts'
import type { UnigramModel } from '../models/unigram.ts'
import type { WordPieceModel } from '../models/wordpiece.ts'
import type { ModelSettings, TokenizerSettings } from '../settings.ts'
import { completeToken, type NewToken, readToken } from '../special-tokens.ts'
import type { Tokenizer } from '../tokenizer.ts'
import { mergesOf, readScores, readVocabulary, toVocabulary } from './vocabularies.ts'

/** The contents of tokenizer.json. */
export interface TokenizerJson
  extends Pick<TokenizerSettings, 'vocab' | 'model' | 'normalizer' | 'pre_tokenizer' | 'post_processor' | 'decoder'> {
  /** Undefined if the file has no such list. Only some classes of transformers can read such files. */
  readonly added_tokens: readonly NewToken[] | undefined
  /** The truncation and padding settings in the file that transformers uses. It ignores the others. */
  readonly defaults: { readonly pad_token?: string; readonly padding_side?: string; readonly truncation_side?: string }
}

const PLACE = 'tokenizer.json'

/** @throws SpanforgeError for a file that is incomplete, or of an unsupported kind */
export function readTokenizerJson(value: unknown): TokenizerJson {
  const json = Fields.of(value, PLACE)
  if (!json.has('model'))
    throw new SpanforgeError(
      `tokenizer.json does not describe a tokenizer: it has no "model", only ${showValue(json.names, 80)}`,
      { remedy: 'Download tokenizer.json again.' },
    )
  const model = json.object('model')
  const component = (name: string): Component | null => readComponent(json.raw(name), json.path(name))
  return {
    ...lookUp(MODELS, modelKind(model), model.path('type'), 'model')(model),
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

/**
 * Returns the type of a model. Files written before tokenizers 0.9 do not contain it, but each type has its own fields.
 */
function modelKind(model: Fields): string {
  if (model.has('type')) return model.string('type')
  if (model.has('merges')) return 'BPE'
  if (model.has('max_input_chars_per_word')) return 'WordPiece'
  return Array.isArray(model.raw('vocab')) ? 'Unigram' : 'WordLevel'
}

const MODELS: Readonly<Record<string, (model: Fields) => Pick<TokenizerJson, 'vocab' | 'model'>>> = {
  BPE: (model) => ({ vocab: readVocabulary(model.object('vocab')), model: readBpe(model) }),
  Unigram: (model) => {
    const vocab = readScores(model)
    return { vocab: vocab.map(([token]) => token), model: readUnigram(model, vocab) }
  },
  WordLevel: (model) => ({
    vocab: readVocabulary(model.object('vocab')),
    model: { type: 'WordLevel', unk_token: model.string('unk_token') },
  }),
  WordPiece: (model) => ({ vocab: readVocabulary(model.object('vocab')), model: readWordPiece(model) }),
}

const readWordPiece = (model: Fields): WordPieceModel => ({
  type: 'WordPiece',
  unk_token: model.string('unk_token'),
  continuing_subword_prefix: model.string('continuing_subword_prefix'),
  max_input_chars_per_word: model.integer('max_input_chars_per_word', 0),
})

function readUnigram(model: Fields, vocab: readonly (readonly [string, number])[]): UnigramModel {
  const unk_id = model.optional('unk_id', 'number') ?? null
  if (unk_id !== null && !(unk_id in vocab))
    throw unexpected(model.path('unk_id'), unk_id, `null or an id from 0 to ${vocab.length - 1}`)
  return {
    type: 'Unigram',
    scores: vocab.map(([, score]) => score),
    unk_id,
    byte_fallback: model.optional('byte_fallback', 'boolean') ?? false,
  }
}

function readBpe(model: Fields): BpeModel {
  const dropout = model.optional('dropout', 'number') ?? 0
  if (dropout !== 0)
    throw new SpanforgeError(`${model.path('dropout')} is ${dropout}, which makes tokens random; expected null`, {
      remedy: 'Set dropout to null in the file.',
    })
  return {
    type: 'BPE',
    merges: mergesOf(model),
    unk_token: model.optional('unk_token', 'string') ?? null,
    continuing_subword_prefix: model.optional('continuing_subword_prefix', 'string') ?? null,
    end_of_word_suffix: model.optional('end_of_word_suffix', 'string') ?? null,
    fuse_unk: model.optional('fuse_unk', 'boolean') ?? false,
    byte_fallback: model.optional('byte_fallback', 'boolean') ?? false,
    ignore_merges: model.optional('ignore_merges', 'boolean') ?? false,
  }
}

/** Ids of added tokens are ignored, because the tokenizers library assigns them in the order of the list. */
function addedToken(value: unknown, index: number): NewToken {
  const place = `${PLACE}: added_tokens[${index}]`
  const token = completeToken(readToken(value, place))
  if (token.content === '') throw unexpected(`${place}.content`, '', 'at least one character')
  return token
}

/**
 * Returns the contents of tokenizer.json in the format of the tokenizers library 0.22. Its normalizer is the one for added
 * tokens, because the class named in tokenizer_config.json replaces it when it reads the file.
 */
export function toTokenizerJson(tokenizer: Tokenizer): Record<string, unknown> {
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
    model: writeModel(model, vocab),
  }
}

/** Writes a model with its vocabulary, and the fields for which spanforge supports only one value. */
function writeModel(model: ModelSettings, vocab: TokenizerSettings['vocab']): Record<string, unknown> {
  if (model.type === 'Unigram') {
    const { scores, ...switches } = model
    return { ...switches, vocab: scores.map((score, id) => [vocab[id], score]) }
  }
  if (model.type !== 'BPE') return { ...model, vocab: toVocabulary(vocab) }
  const { merges, ...switches } = model
  return { dropout: null, ...switches, vocab: toVocabulary(vocab), merges }
}

/** Tokens with the options with which they were first added. tokenizer_config.json contains their current options. */
function firstAdditions(tokenizer: Tokenizer): AddedToken[] {
  const [first = [], ...later] = tokenizer.settings.added_tokens
  const known = new Set(first.map(({ content }) => content))
  const added = later.flat().filter(({ content }) => !known.has(content))
  return [...first, ...added].map((token) => ({ id: tokenizer.id(token.content)!, ...token }))
}
