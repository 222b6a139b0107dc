/** Creates tokenizers from the files of slow tokenizers, like `convert_slow_tokenizer` in transformers 4.57. */
import { SpanforgeError } from '../../../errors.ts'
import type { Component, Fields } from '../../fields.ts'
import type { BpeModel } from '../../models/bpe.ts'
import { pairTemplate, vocabularyIds, wordPieceModel } from '../../settings.ts'
import { contentOf, type SpecialTokenName } from '../../special-tokens.ts'
import type { SlowFiles } from '../tokenizer-classes.ts'
import type { TokenizerJson } from '../tokenizer-json.ts'
import { readMerges, readVocabText, readVocabulary } from '../vocabularies.ts'
import type { StatedTokens } from './stated-tokens.ts'

/** A tokenizer before the settings in other files are applied. */
export type Base = Omit<TokenizerJson, 'defaults'>

/** Creates a class's tokenizer from vocab.txt. */
export function fromVocabTxt(
  text: string,
  { pair }: Extract<SlowFiles, { reads: 'vocab.txt' }>,
  stated: StatedTokens,
  config: Fields,
): Base {
  const vocab = readVocabText(text)
  const ids = vocabularyIds(vocab)
  const unk_token = contentOf(stated.named.get('unk_token') ?? '[UNK]')
  const idOf = slowIds(ids, stated, unk_token)
  return {
    vocab,
    model: wordPieceModel(unk_token),
    normalizer: { type: 'BertNormalizer', clean_text: true, ...slowSwitches(config) },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: pairTemplate(pair, (name) => {
      if (name !== 'cls' && name !== 'sep') return [name, idOf(name)]
      const token = requiredToken(stated, `${name}_token`)
      return [token, idOf(token)]
    }),
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    added_tokens: [],
  }
}

/** Creates a class's tokenizer from vocab.json and merges.txt, which is byte-level BPE. */
export function fromMerges(
  files: { readonly vocabulary: Fields; readonly merges: string },
  { kind }: Extract<SlowFiles, { reads: 'merges.txt' }>,
  stated: StatedTokens,
  config: Fields,
): Base {
  const vocab = readVocabulary(files.vocabulary)
  const add_prefix_space = config.optional('add_prefix_space', 'boolean') ?? false
  const idOf = slowIds(vocabularyIds(vocab), stated, unknownToken(stated))
  return {
    vocab,
    model: byteLevelBpe(readMerges(files.merges)),
    normalizer: null,
    pre_tokenizer: byteLevel({ add_prefix_space }),
    post_processor: postProcessor(),
    decoder: byteLevel({ add_prefix_space: true }),
    added_tokens: [],
  }

  function postProcessor(): Component {
    const named = (name: SpecialTokenName): [string, number] => {
      const token = requiredToken(stated, name)
      return [token, idOf(token)]
    }
    const asWritten = (token: string): [string, number] => [token, idOf(token)]
    switch (kind) {
      case 'roberta':
        return {
          type: 'RobertaProcessing',
          sep: named('sep_token'),
          cls: named('cls_token'),
          trim_offsets: true,
          add_prefix_space,
        }
      case 'deberta':
        return pairTemplate('cls:0 A:0 sep:0 B:1 sep:1', (name) => asWritten(name === 'cls' ? '[CLS]' : '[SEP]'))
      case 'gpt2':
        if (config.optional('add_bos_token', 'boolean')) return pairTemplate('bos:0 A:0 B:1', () => named('bos_token'))
        return byteLevel({ add_prefix_space: true, trim_offsets: false })
    }
  }
}

const byteLevel = (switches: { readonly add_prefix_space: boolean; readonly trim_offsets?: boolean }): Component => ({
  type: 'ByteLevel',
  trim_offsets: true,
  use_regex: true,
  ...switches,
})

const byteLevelBpe = (merges: BpeModel['merges']): BpeModel => ({
  type: 'BPE',
  merges,
  unk_token: null,
  continuing_subword_prefix: '',
  end_of_word_suffix: '',
  fuse_unk: false,
  byte_fallback: false,
  ignore_merges: false,
})

export const unknownToken = ({ named }: StatedTokens): string => contentOf(named.get('unk_token') ?? '')

function requiredToken({ named }: StatedTokens, name: SpecialTokenName): string {
  const token = named.get(name)
  if (token !== undefined) return contentOf(token)
  throw new SpanforgeError(`tokenizer_config.json: ${name} is null; expected the token that windows need`, {
    remedy: 'Remove it from the file to use the default of the tokenizer.',
  })
}

/**
 * Returns the ids of special tokens in transformers' own Python tokenizer, which the template made from its files
 * keeps: those in the files, those in the vocabulary, and the next free ids for others. Any other token gets the id of
 * unk_token.
 */
export function slowIds(
  ids: ReadonlyMap<string, number>,
  { named, byId }: StatedTokens,
  unk_token: string,
): (token: string) => number {
  const stated = new Map([...byId].map(([id, { content }]) => [content, id]))
  let next = new Set([...ids.keys(), ...stated.keys()]).size
  for (const content of [...named.values()].map(contentOf))
    if (!stated.has(content)) stated.set(content, ids.get(content) ?? next++)
  return (token) => stated.get(token) ?? ids.get(token) ?? ids.get(unk_token) ?? 0
}

/** Options of a BertNormalizer that WordPiece classes read from tokenizer_config.json. */
export const statedSwitches = (config: Fields) => ({
  lowercase: config.optional('do_lower_case', 'boolean') ?? true,
  strip_accents: config.optional('strip_accents', 'boolean') ?? null,
  handle_chinese_chars: config.optional('tokenize_chinese_chars', 'boolean') ?? true,
})

/** Defaults of transformers' Python tokenizer, from which a fast tokenizer for vocab.txt is created. */
const slowSwitches = (config: Fields) =>
  (config.optional('do_basic_tokenize', 'boolean') ?? true)
    ? statedSwitches(config)
    : { lowercase: false, strip_accents: false, handle_chinese_chars: false }
