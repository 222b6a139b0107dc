import { SpanforgeError } from '../errors.ts'
import type { AddedToken } from './added-tokens.ts'
import { AddedVocabulary } from './added-vocabulary.ts'
import type { Component } from './fields.ts'
import type { BpeModel } from './models/bpe.ts'
import type { UnigramModel } from './models/unigram.ts'
import type { WordLevelModel } from './models/word-level.ts'
import type { WordPieceModel } from './models/wordpiece.ts'
import { type NewToken, SPECIAL_TOKENS, type SpecialTokenName, specialToken } from './special-tokens.ts'

/** Maximum size of a vocabulary, twice that of the largest published BERT. */
export const MAX_VOCABULARY = 2 ** 20

/** The special tokens of a tokenizer by name; undefined for those that it does not have. */
export type SpecialTokens = Readonly<Record<SpecialTokenName, string | undefined>>

/** The settings of a tokenizer as plain data, with the names in tokenizer.json and tokenizer_config.json. */
export interface TokenizerSettings {
  /** The equivalent class of transformers. */
  readonly tokenizer_class: string
  /** The token of each id, starting at 0; null for unused ids. */
  readonly vocab: readonly (string | null)[]
  readonly model: ModelSettings
  readonly normalizer: Component | null
  /**
   * The normalizer that is applied to the text of added tokens. Only if it differs, because a class of transformers
   * replaces the normalizer after adding the tokens.
   */
  readonly added_tokens_normalizer?: Component | null
  readonly pre_tokenizer: Component | null
  readonly post_processor: Component | null
  readonly decoder: Component | null
  /** Added tokens, in the batches in which they are added, because their ids depend on these batches. */
  readonly added_tokens: readonly (readonly NewToken[])[]
  readonly special_tokens: SpecialTokens
  readonly additional_special_tokens: readonly string[]
  /** Maximum number of tokens in an input of the model; Infinity if unspecified. */
  readonly model_max_length: number
  /** Whether `decode` removes spaces before punctuation and contractions in the whole text by default. */
  readonly clean_up_tokenization_spaces: boolean
  /** Whether special tokens in a text are tokenized like ordinary text. */
  readonly split_special_tokens: boolean
  /** Whether inputs have token types. If not, all are 0. */
  readonly has_token_types: boolean
  readonly padding_side: Side
  readonly truncation_side: Side
}

export type Side = 'left' | 'right'

/** The options of BERT's tokenizer, with the names and defaults of `BertTokenizerFast`. */
export interface BertTokenizerOptions {
  /** The token of each id, starting at 0; null for unused ids. */
  readonly vocab: readonly (string | null)[]
  readonly do_lower_case?: boolean
  /** Whether to remove accents; null means the same as `do_lower_case`. */
  readonly strip_accents?: boolean | null
  readonly tokenize_chinese_chars?: boolean
  readonly clean_text?: boolean
  readonly unk_token?: string
  readonly sep_token?: string
  readonly pad_token?: string
  readonly cls_token?: string
  /** The mask token, which vocabularies for tasks without masked words may lack. */
  readonly mask_token?: string
  /** Tokens matched literally in the text, in addition to the special tokens. */
  readonly added_tokens?: readonly AddedToken[]
  readonly model_max_length?: number
  readonly clean_up_tokenization_spaces?: boolean
  readonly max_input_chars_per_word?: number
}

/** The settings of BERT's tokenizer with a list of tokens as its vocabulary. */
export function bertSettings(options: BertTokenizerOptions): TokenizerSettings {
  const { vocab, unk_token = '[UNK]', sep_token = '[SEP]', pad_token = '[PAD]', cls_token = '[CLS]' } = options
  const { mask_token = '[MASK]', do_lower_case = true, added_tokens = [] } = options
  const ids = vocabularyIds(vocab)
  const required = { unk_token, sep_token, pad_token, cls_token }
  const added = new AddedVocabulary(ids)
  added.add(added_tokens.map(({ id, ...token }) => token))
  for (const { id, ...token } of added_tokens)
    if (added.id(token.content) !== id)
      throw new SpanforgeError(
        `tokenizer: added token "${token.content}" has id ${id}; expected id ${added.id(token.content)}`,
        { remedy: 'Ids of added tokens follow those of the vocabulary without a gap, in the order of the list.' },
      )
  for (const [name, token] of Object.entries(required))
    if (added.id(token) === undefined)
      throw new SpanforgeError(`tokenizer: the vocabulary of ${ids.size} tokens has no ${name} "${token}"`, {
        remedy: `Use the vocabulary that the model was trained with, or name its ${name} in tokenizer_config.json.`,
      })
  const special = { ...required, mask_token: added.id(mask_token) === undefined ? undefined : mask_token }
  added.add(Object.values(special).flatMap((token) => (token === undefined ? [] : [specialToken(token)])))
  return {
    tokenizer_class: 'BertTokenizer',
    vocab,
    model: wordPieceModel(unk_token, options.max_input_chars_per_word),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: options.clean_text ?? true,
      handle_chinese_chars: options.tokenize_chinese_chars ?? true,
      strip_accents: options.strip_accents ?? null,
      lowercase: do_lower_case,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: pairTemplate('cls:0 A:0 sep:0 B:1 sep:1', (name) => {
      const token = name === 'cls' ? cls_token : sep_token
      return [token, added.id(token)!]
    }),
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    added_tokens: added.additions,
    special_tokens: specialTokens(special),
    additional_special_tokens: [],
    model_max_length: options.model_max_length ?? Number.POSITIVE_INFINITY,
    clean_up_tokenization_spaces: options.clean_up_tokenization_spaces ?? false,
    split_special_tokens: false,
    has_token_types: true,
    padding_side: 'right',
    truncation_side: 'right',
  }
}

/** Returns ids by token. For a token that occurs twice, the last id counts, as in transformers. */
export function vocabularyIds(vocab: readonly (string | null)[]): ReadonlyMap<string, number> {
  const known = knownIds.get(vocab)
  if (known) return known
  const ids = new Map<string, number>()
  for (let id = 0; id < vocab.length; id++) {
    const token = vocab[id]
    if (token !== null) ids.set(token, id)
  }
  if (ids.size > 0) {
    knownIds.set(vocab, ids)
    return ids
  }
  throw new SpanforgeError('tokenizer: the vocabulary is empty', {
    remedy: 'Download vocab.txt or tokenizer.json of the model again.',
  })
}

/** Loading a tokenizer asks for the ids of the same vocabulary several times. */
const knownIds = new WeakMap<readonly (string | null)[], ReadonlyMap<string, number>>()

/** Returns the number of tokens of a vocabulary. A Unigram model counts repeated tokens separately. */
export const vocabularySize = ({ vocab, model }: Pick<TokenizerSettings, 'vocab' | 'model'>): number =>
  model.type === 'Unigram' ? vocab.length : vocabularyIds(vocab).size

export const wordPieceModel = (unk_token: string, max_input_chars_per_word = 100): WordPieceModel => ({
  type: 'WordPiece',
  unk_token,
  continuing_subword_prefix: '##',
  max_input_chars_per_word,
})

export const specialTokens = (named: Partial<SpecialTokens>): SpecialTokens =>
  Object.fromEntries(SPECIAL_TOKENS.map((name) => [name, named[name]])) as SpecialTokens

/**
 * A TemplateProcessing of a template for pairs such as `cls:0 A:0 sep:0 B:1 sep:1`; `idOf` gives token and id for each
 * name but A and B. A single text gets the first part before it, and the last one after it.
 */
export function pairTemplate(pair: string, idOf: (name: string) => readonly [string, number]): Component {
  const used = new Map<string, number>()
  const part = (written: string) => {
    const [name, type] = [written.slice(0, -2), Number(written.slice(-1))]
    if (name === 'A' || name === 'B') return { Sequence: { id: name, type_id: type } }
    const [token, id] = idOf(name)
    used.set(token, id)
    return { SpecialToken: { id: token, type_id: type } }
  }
  const parts = pair.split(' ')
  const end = parts.at(-1)!.slice(0, -2)
  return {
    type: 'TemplateProcessing',
    single: [parts[0], 'A:0', ...(end === 'B' ? [] : [`${end}:0`])].map(part),
    pair: parts.map(part),
    special_tokens: Object.fromEntries(
      [...used].map(([token, id]) => [token, { id: token, ids: [id], tokens: [token] }]),
    ),
  }
}

/** The settings of a model, as in `model` of tokenizer.json, without its vocabulary. */
export type ModelSettings = WordPieceModel | BpeModel | UnigramModel | WordLevelModel
