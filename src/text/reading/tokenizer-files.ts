import { AddedVocabulary } from '../added-vocabulary.ts'
import { type Component, Fields, unexpected } from '../fields.ts'
import { type Side, specialTokens, vocabularyIds, vocabularySize } from '../settings.ts'
import { completeToken, contentOf, isSameToken, type StatedToken } from '../special-tokens.ts'
import { Tokenizer } from '../tokenizer.ts'
import { chooseClass, type TokenizerFiles } from './choose-class.ts'
import { fromSentencePiece } from './slow/from-sentencepiece.ts'
import { type Base, fromMerges, fromVocabTxt, slowIds, statedSwitches, unknownToken } from './slow/slow-tokenizers.ts'
import { type StatedTokens, statedTokens } from './slow/stated-tokens.ts'
import { GENERIC_CLASS, type TokenizerClass, WORDPIECE } from './tokenizer-classes.ts'
import { readTokenizerJson } from './tokenizer-json.ts'

/**
 * Creates a tokenizer from the files of a model folder, as `AutoTokenizer` in transformers 4.57 does. The tokenizer class
 * determines which settings of tokenizer_config.json are used. tokenizer.json takes precedence over the files of a slow
 * tokenizer. special_tokens_map.json and added_tokens.json are used only if tokenizer_config.json lists no added tokens.
 * `present` contains the names of all files in the folder, by which unsupported kinds of tokenizers are recognized.
 * @throws SpanforgeError if the tokenizer is of an unsupported kind, or a file is incomplete
 */
export function tokenizerFromFiles(files: TokenizerFiles, present: readonly string[] = []): Tokenizer {
  const config = Fields.of(files['tokenizer_config.json'] ?? {}, 'tokenizer_config.json')
  const ofFolder = chooseClass(files, config, present)
  const json = files['tokenizer.json'] === undefined ? undefined : readTokenizerJson(files['tokenizer.json'])
  if (json && !json.added_tokens && !config.has('added_tokens_decoder'))
    throw unexpected('tokenizer.json: added_tokens', undefined, 'a list [...]')
  // Classes that set switches of the normalizer cannot read a tokenizer without one; the generic class can.
  const chosen = json?.normalizer === null && ofFolder.sets.length > 0 ? GENERIC_CLASS : ofFolder
  const { pad_token, ...sides } = json?.defaults ?? {}
  const special = { pad_token, ...chosen.special, ...(json === undefined && chosen.specialOfSlow) }
  const stated = statedTokens(files, config, { ...chosen, special })
  const base = json ?? fromSlowFiles(files, chosen, stated, config)
  const added = addTokens(base, stated)
  const normalizer = withSwitches(base.normalizer, chosen, config)
  const inputs = config.raw('model_input_names')
  return new Tokenizer({
    vocab: base.vocab,
    model: base.model,
    pre_tokenizer: withPrefixSpace(base.pre_tokenizer, config),
    post_processor: withTrimming(base.post_processor, chosen, config),
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
      config.optional('clean_up_tokenization_spaces', 'boolean') ??
      (json === undefined && chosen.slow?.reads === 'vocab.txt' && chosen.slow.cleansUp),
    split_special_tokens: config.optional('split_special_tokens', 'boolean') ?? false,
    has_token_types: Array.isArray(inputs) ? inputs.includes('token_type_ids') : chosen.hasTokenTypes,
    padding_side: side(config, 'padding_side', sides.padding_side ?? chosen.paddingSide),
    truncation_side: side(config, 'truncation_side', sides.truncation_side),
  })
}

/** Creates a tokenizer from the parsed contents of tokenizer.json and tokenizer_config.json. */
export const tokenizerFromJson = (tokenizer: unknown, config?: unknown): Tokenizer =>
  tokenizerFromFiles({ 'tokenizer.json': tokenizer, 'tokenizer_config.json': config })

/** Creates a tokenizer from the text of vocab.txt and the parsed contents of tokenizer_config.json. */
export const tokenizerFromVocab = (vocabText: string, config?: unknown): Tokenizer =>
  tokenizerFromFiles({ 'vocab.txt': vocabText, 'tokenizer_config.json': config })

/** Creates a class's tokenizer without tokenizer.json. */
function fromSlowFiles(files: TokenizerFiles, { slow }: TokenizerClass, stated: StatedTokens, config: Fields): Base {
  if (slow?.reads === 'sentencepiece') {
    const model = { name: slow.file, bytes: files.sentencePiece?.[slow.file] ?? new Uint8Array(0) }
    return fromSentencePiece(model, slow.kind, (ids) => slowIds(ids, stated, unknownToken(stated)), config)
  }
  if (slow?.reads !== 'merges.txt') return fromVocabTxt(files['vocab.txt'] ?? '', slow ?? WORDPIECE, stated, config)
  const vocabulary = Fields.of(files['vocab.json'], 'vocab.json')
  return fromMerges({ vocabulary, merges: files['merges.txt'] ?? '' }, slow, stated, config)
}

/** Adds the tokens of tokenizer.json, then those of other files by id, then missing special tokens. */
function addTokens(base: Base, { named, additional, byId }: StatedTokens): AddedVocabulary {
  const added = new AddedVocabulary(vocabularyIds(base.vocab), vocabularySize(base))
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

/** Applies the options that some classes set regardless of tokenizer.json, if any of them differs. */
function withSwitches(normalizer: Component | null, { sets }: TokenizerClass, config: Fields): Component | null {
  const switches = statedSwitches(config)
  if (normalizer?.type !== 'BertNormalizer') return normalizer
  if (sets.every((name) => normalizer[name] === switches[name])) return normalizer
  return { ...normalizer, ...Object.fromEntries(sets.map((name) => [name, switches[name]])) }
}

/** Applies `add_prefix_space`, which all fast tokenizer classes set, if the pre-tokenizer has this option. */
function withPrefixSpace(pre_tokenizer: Component | null, config: Fields): Component | null {
  const add_prefix_space = config.has('add_prefix_space') ? config.raw('add_prefix_space') : false
  if (pre_tokenizer?.type !== 'ByteLevel' || typeof add_prefix_space !== 'boolean') return pre_tokenizer
  if (!Object.hasOwn(pre_tokenizer, 'add_prefix_space')) return pre_tokenizer
  return { ...pre_tokenizer, add_prefix_space }
}

/** Options of a post-processor that some classes override, if it has them. */
function withTrimming(
  post_processor: Component | null,
  { setsTrimming }: TokenizerClass,
  config: Fields,
): Component | null {
  if (!setsTrimming || post_processor === null) return post_processor
  const switches = {
    add_prefix_space: config.optional('add_prefix_space', 'boolean') ?? false,
    trim_offsets: config.optional('trim_offsets', 'boolean') ?? true,
  }
  const own = Object.entries(switches).filter(([name]) => Object.hasOwn(post_processor, name))
  return { ...post_processor, ...Object.fromEntries(own) }
}

/** transformers writes 1e30 for "no limit". */
const NO_LIMIT = 1e20

/** Versions before 3 wrote `max_len`. */
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
