import { SpanforgeError } from '../errors.ts'
import { AddedVocabulary } from './added-vocabulary.ts'
import { chooseClass, type TokenizerFiles } from './choose-class.ts'
import { type Component, Fields, unexpected } from './fields.ts'
import { pairTemplate, type Side, specialTokens, vocabularyIds, wordPieceModel } from './settings.ts'
import { completeToken, contentOf, isSameToken, type StatedToken } from './special-tokens.ts'
import { type StatedTokens, statedTokens } from './stated-tokens.ts'
import { BertTokenizer } from './tokenizer.ts'
import { GENERIC_CLASS, type TokenizerClass } from './tokenizer-classes.ts'
import { readTokenizerJson, type TokenizerJson } from './tokenizer-json.ts'
import { readVocabText } from './vocab-txt.ts'

/**
 * The tokenizer that the files of a model folder describe, as `AutoTokenizer` of transformers 4.57 reads them: the class
 * decides which settings of tokenizer_config.json count, tokenizer.json goes before vocab.txt, and
 * special_tokens_map.json and added_tokens.json count where tokenizer_config.json lists no added tokens.
 * `present` names all files of the folder, which tell other kinds of tokenizers.
 * @throws SpanforgeError where it is another kind of tokenizer, or a file is incomplete
 */
export function tokenizerFromFiles(files: TokenizerFiles, present: readonly string[] = []): BertTokenizer {
  const config = Fields.of(files['tokenizer_config.json'] ?? {}, 'tokenizer_config.json')
  const ofFolder = chooseClass(files, config, present)
  const json = files['tokenizer.json'] === undefined ? undefined : readTokenizerJson(files['tokenizer.json'])
  if (json && !json.added_tokens && !config.has('added_tokens_decoder'))
    throw unexpected('tokenizer.json: added_tokens', undefined, 'a list [...]')
  // Classes that set switches of the normalizer cannot read a tokenizer without one; the generic class can.
  const chosen = json?.normalizer === null && ofFolder.sets.length > 0 ? GENERIC_CLASS : ofFolder
  const { pad_token, ...sides } = json?.defaults ?? {}
  const stated = statedTokens(files, config, { ...chosen, special: { pad_token, ...chosen.special } })
  const base = json ?? fromVocabulary(files['vocab.txt'] ?? '', chosen, stated, config)
  const added = addTokens(base, stated)
  const normalizer = withSwitches(base.normalizer, chosen, config)
  const inputs = config.raw('model_input_names')
  return new BertTokenizer({
    vocab: base.vocab,
    model: base.model,
    pre_tokenizer: base.pre_tokenizer,
    post_processor: base.post_processor,
    decoder: base.decoder,
    tokenizer_class: chosen.name,
    normalizer,
    ...(normalizer !== base.normalizer && { added_tokens_normalizer: base.normalizer }),
    added_tokens: added.additions,
    special_tokens: specialTokens(
      Object.fromEntries([...stated.named].map(([name, token]) => [name, contentOf(token)])),
    ),
    additional_special_tokens: stated.additional.map(contentOf),
    model_max_length: maxLength(config),
    // The default of the class in Python, which reads vocab.txt; from tokenizer.json it is false.
    clean_up_tokenization_spaces:
      config.optional('clean_up_tokenization_spaces', 'boolean') ?? (json === undefined && chosen.cleansUp),
    split_special_tokens: config.optional('split_special_tokens', 'boolean') ?? false,
    has_token_types: Array.isArray(inputs) ? inputs.includes('token_type_ids') : chosen.hasTokenTypes,
    padding_side: side(config, 'padding_side', sides.padding_side),
    truncation_side: side(config, 'truncation_side', sides.truncation_side),
  })
}

/** The tokenizer of the objects of tokenizer.json and tokenizer_config.json. */
export const tokenizerFromJson = (tokenizer: unknown, config?: unknown): BertTokenizer =>
  tokenizerFromFiles({ 'tokenizer.json': tokenizer, 'tokenizer_config.json': config })

/** The tokenizer of a vocab.txt and the object of tokenizer_config.json. */
export const tokenizerFromVocab = (vocabText: string, config?: unknown): BertTokenizer =>
  tokenizerFromFiles({ 'vocab.txt': vocabText, 'tokenizer_config.json': config })

type Base = Omit<TokenizerJson, 'defaults'>

/** The tokenizer that a class makes from vocab.txt. */
function fromVocabulary(text: string, { pair }: TokenizerClass, stated: StatedTokens, config: Fields): Base {
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
      const token = name === 'cls' || name === 'sep' ? stated.named.get(`${name}_token`) : name
      if (token !== undefined) return [contentOf(token), idOf(contentOf(token))]
      throw new SpanforgeError(`tokenizer_config.json: ${name}_token is null; expected the token that windows need`)
    }),
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    added_tokens: [],
  }
}

/**
 * The ids that transformers' own tokenizer in Python gives to special tokens, which the template made from vocab.txt
 * keeps: those stated, those of the vocabulary, and for others the next ones; of any other token, that of unk_token.
 */
function slowIds(
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

/** Adds the tokens of tokenizer.json, then those of the other files by their ids, then special tokens still missing. */
function addTokens(base: Base, { named, additional, byId }: StatedTokens): AddedVocabulary {
  const added = new AddedVocabulary(vocabularyIds(base.vocab))
  added.add(base.added_tokens ?? [])
  const special = new Map<string, string | StatedToken>()
  for (const token of [...named.values(), ...additional])
    if (!special.has(contentOf(token))) special.set(contentOf(token), token)
  const listed = [...byId].sort(([a], [b]) => a - b).map(([, token]) => token)
  const known = new Set([...added.tokens, ...listed].map(({ content }) => content))
  const sameContent = new Map<string, StatedToken[]>()
  for (const token of listed) sameContent.set(token.content, [...(sameContent.get(token.content) ?? []), token])
  const missing: StatedToken[] = []
  for (const token of special.values()) {
    const isListed =
      typeof token === 'string'
        ? known.has(token)
        : sameContent.get(token.content)?.some((other) => isSameToken(other, token))
    if (!isListed) missing.push(typeof token === 'string' ? { content: token } : token)
  }
  added.add(
    [...listed, ...missing].map((token) =>
      completeToken({ ...token, special: token.special || special.has(token.content) }),
    ),
  )
  return added
}

/** The switches that some classes set themselves, whatever tokenizer.json says, if any of them differs. */
function withSwitches(normalizer: Component | null, { sets }: TokenizerClass, config: Fields): Component | null {
  const switches = statedSwitches(config)
  if (normalizer?.type !== 'BertNormalizer') return normalizer
  if (sets.every((name) => normalizer[name] === switches[name])) return normalizer
  return { ...normalizer, ...Object.fromEntries(sets.map((name) => [name, switches[name]])) }
}

const statedSwitches = (config: Fields) => ({
  lowercase: config.optional('do_lower_case', 'boolean') ?? true,
  strip_accents: config.optional('strip_accents', 'boolean') ?? null,
  handle_chinese_chars: config.optional('tokenize_chinese_chars', 'boolean') ?? true,
})

/** The switches of transformers' own tokenizer in Python, which a fast one made from vocab.txt begins with. */
const slowSwitches = (config: Fields) =>
  (config.optional('do_basic_tokenize', 'boolean') ?? true)
    ? statedSwitches(config)
    : { lowercase: false, strip_accents: false, handle_chinese_chars: false }

/** transformers writes 1e30 for "no limit". */
const NO_LIMIT = 1e20

/** `max_len` is what versions before 3 wrote. */
function maxLength(config: Fields): number {
  const name = config.has('model_max_length') ? 'model_max_length' : 'max_len'
  const limit = config.optional(name, 'number')
  if (limit === undefined || limit >= NO_LIMIT) return Number.POSITIVE_INFINITY
  return config.integer(name, 1)
}

function side(config: Fields, name: 'padding_side' | 'truncation_side', fallback = 'right'): Side {
  const value = config.optional(name, 'string') ?? fallback
  if (value === 'left' || value === 'right') return value
  throw unexpected(config.path(name), value, 'left or right')
}
