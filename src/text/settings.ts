import { SpanforgeError } from '../errors.ts'
import type { AddedToken } from './added-tokens.ts'
import { AddedVocabulary } from './added-vocabulary.ts'
import type { Component } from './fields.ts'
import type { ModelSettings } from './models/model.ts'
import type { WordPieceModel } from './models/wordpiece.ts'
import { type NewToken, SPECIAL_TOKENS, type SpecialTokenName, specialToken } from './special-tokens.ts'

/** Most tokens of a vocabulary; the largest of published BERTs has half of them. */
export const MAX_VOCABULARY = 2 ** 20

/** The special tokens that a tokenizer has, by name; undefined where it has none. */
export type SpecialTokens = Readonly<Record<SpecialTokenName, string | undefined>>

/** What a tokenizer consists of: plain data, with the names of tokenizer.json and tokenizer_config.json. */
export interface TokenizerSettings {
  /** Class of transformers that reads the same tokenizer. */
  readonly tokenizer_class: string
  /** Token of each id, from 0; null for an id that no token has. */
  readonly vocab: readonly (string | null)[]
  readonly model: ModelSettings
  readonly normalizer: Component | null
  /**
   * The normalizer that an added token's own text went through, where a class of transformers has changed the normalizer
   * after that.
   */
  readonly added_tokens_normalizer?: Component | null
  readonly pre_tokenizer: Component | null
  readonly post_processor: Component | null
  readonly decoder: Component | null
  /** Tokens found in the text as written, in the batches in which they are added: ids depend on these. */
  readonly added_tokens: readonly (readonly NewToken[])[]
  readonly special_tokens: SpecialTokens
  readonly additional_special_tokens: readonly string[]
  /** Longest input of the model in tokens; Infinity where no file says. */
  readonly model_max_length: number
  /** Default of `decode`: take out spaces before marks and contractions, once more over the whole text. */
  readonly clean_up_tokenization_spaces: boolean
  /** Whether special tokens in a text are cut like any other text. */
  readonly split_special_tokens: boolean
  /** Whether inputs have token types; without them all are 0. */
  readonly has_token_types: boolean
  readonly padding_side: Side
  readonly truncation_side: Side
}

export type Side = 'left' | 'right'

/** The switches of BERT's tokenizer, with the names and defaults of `BertTokenizerFast`. */
export interface BertTokenizerOptions {
  /** Token of each id, from 0; null for an id that no token has. */
  readonly vocab: readonly (string | null)[]
  readonly do_lower_case?: boolean
  /** null: as `do_lower_case`. */
  readonly strip_accents?: boolean | null
  readonly tokenize_chinese_chars?: boolean
  readonly clean_text?: boolean
  readonly unk_token?: string
  readonly sep_token?: string
  readonly pad_token?: string
  readonly cls_token?: string
  /** Absent from vocabularies made for no masked-word task. */
  readonly mask_token?: string
  /** Tokens found in the text as written, beside the special ones. */
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

/** Ids by token; of a token that the vocabulary has twice, the last id, as in transformers. */
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

/** How many tokens a vocabulary has: a Unigram model counts one that comes twice as two. */
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
