import { SpanforgeError } from '../errors.ts'
import type { AddedToken } from './added-tokens.ts'

/** What a tokenizer consists of, with the names and defaults of transformers' `BertTokenizerFast`. */
export interface TokenizerSettings {
  /** Token of each id, from 0. */
  readonly vocab: readonly string[]
  readonly do_lower_case: boolean
  /** null: as `do_lower_case`. */
  readonly strip_accents: boolean | null
  readonly tokenize_chinese_chars: boolean
  readonly clean_text: boolean
  readonly unk_token: string
  readonly sep_token: string
  readonly pad_token: string
  readonly cls_token: string
  readonly mask_token: string
  /** Tokens found in the text as written; those of the vocabulary that are special, and others beyond it. */
  readonly added_tokens: readonly AddedToken[]
  /** Longest input of the model in tokens; Infinity where nothing says. */
  readonly model_max_length: number
  /** What `decode` does unless told: spaces before marks and contractions taken out, once more over the whole text. */
  readonly clean_up_tokenization_spaces: boolean
  /** Words of more code points are unknown. */
  readonly max_input_chars_per_word: number
}

export type BertTokenizerOptions = Pick<TokenizerSettings, 'vocab'> & Partial<TokenizerSettings>

const DEFAULTS: Omit<TokenizerSettings, 'vocab' | 'added_tokens'> = {
  do_lower_case: true,
  strip_accents: null,
  tokenize_chinese_chars: true,
  clean_text: true,
  unk_token: '[UNK]',
  sep_token: '[SEP]',
  pad_token: '[PAD]',
  cls_token: '[CLS]',
  mask_token: '[MASK]',
  model_max_length: Number.POSITIVE_INFINITY,
  clean_up_tokenization_spaces: false,
  max_input_chars_per_word: 100,
}

export const SPECIAL_TOKENS = ['unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'] as const

/** Fills in the defaults, adds the named special tokens to the added ones, and checks that the ids are whole. */
export function completeOptions(options: BertTokenizerOptions): TokenizerSettings {
  const stated = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const settings = { ...DEFAULTS, added_tokens: [], ...stated } as unknown as TokenizerSettings
  if (!settings.vocab.length)
    throw new SpanforgeError('tokenizer: the vocabulary is empty', {
      remedy: 'Download vocab.txt or tokenizer.json of the model again.',
    })
  return { ...settings, added_tokens: withSpecialTokens(settings) }
}

/** All added tokens in the order of their ids; a special token that the vocabulary lacks is left to the caller. */
function withSpecialTokens(settings: TokenizerSettings): AddedToken[] {
  const added = new Map(settings.added_tokens.map((token) => [token.content, token]))
  for (const name of SPECIAL_TOKENS) {
    const content = settings[name]
    const id = settings.vocab.lastIndexOf(content)
    if (id >= 0 && !added.has(content)) added.set(content, specialToken(id, content))
  }
  const tokens = [...added.values()].sort((a, b) => a.id - b.id)
  let next = settings.vocab.length
  for (const { id, content } of tokens) {
    if (settings.vocab[id] === content) continue
    // Ids go on where the vocabulary ends: a far one would mean embeddings that no model has.
    if (id !== next++)
      throw new SpanforgeError(
        `tokenizer: added token "${content}" has id ${id}, where ${found(settings.vocab, id)}; expected id ${next - 1}`,
        { remedy: 'The files of this tokenizer do not belong together: download all of them again.' },
      )
  }
  return tokens
}

const found = (vocab: readonly string[], id: number): string =>
  id < vocab.length ? `the vocabulary has "${vocab[id]}"` : 'nothing stands before it'

export const specialToken = (id: number, content: string): AddedToken => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
})
