import { bertNormalizerOptions } from '../components/normalizers.ts'
import { Fields } from '../fields.ts'
import { SPECIAL_TOKENS } from '../special-tokens.ts'
import type { Tokenizer } from '../tokenizer.ts'
import { tokenizerClass } from './tokenizer-classes.ts'

/** Returns the contents of tokenizer_config.json in the format of transformers 4.57. */
export function toTokenizerConfig(tokenizer: Tokenizer): Record<string, unknown> {
  const { settings } = tokenizer
  const { sets, hasTokenTypes } = tokenizerClass(settings.tokenizer_class)
  const { split_special_tokens, padding_side, truncation_side, has_token_types } = settings
  return {
    added_tokens_decoder: Object.fromEntries(tokenizer.addedTokens.map(({ id, ...token }) => [String(id), token])),
    ...additionalTokens(tokenizer),
    clean_up_tokenization_spaces: settings.clean_up_tokenization_spaces,
    // If the file omits a token instead of setting it to null, transformers adds a [MASK] for which the model has no
    // embedding.
    ...Object.fromEntries(SPECIAL_TOKENS.flatMap((name) => namedToken(tokenizer, name))),
    ...(Number.isFinite(settings.model_max_length) && { model_max_length: settings.model_max_length }),
    ...(has_token_types !== hasTokenTypes && {
      model_input_names: ['input_ids', ...(has_token_types ? ['token_type_ids'] : []), 'attention_mask'],
    }),
    ...(padding_side !== 'right' && { padding_side }),
    ...(truncation_side !== 'right' && { truncation_side }),
    ...(split_special_tokens && { split_special_tokens }),
    ...(sets.length > 0 && normalizerSwitches(tokenizer)),
    ...byteLevelSwitches(tokenizer),
    tokenizer_class: settings.tokenizer_class,
  }
}

function namedToken({ settings }: Tokenizer, name: (typeof SPECIAL_TOKENS)[number]): [string, string | null][] {
  const token = settings.special_tokens[name]
  if (token !== undefined) return [[name, token]]
  return name in tokenizerClass(settings.tokenizer_class).special ? [[name, null]] : []
}

/** The options of the normalizer, by their names in the classes of transformers. */
function normalizerSwitches({ settings }: Tokenizer): Record<string, unknown> {
  if (settings.normalizer?.type !== 'BertNormalizer') return {}
  const switches = bertNormalizerOptions(Fields.of(settings.normalizer, 'normalizer'))
  return {
    do_lower_case: switches.lowercase,
    strip_accents: switches.strip_accents,
    tokenize_chinese_chars: switches.handle_chinese_chars,
  }
}

/** Options of byte-level tokenizers that classes of transformers set regardless of tokenizer.json. */
function byteLevelSwitches({ settings }: Tokenizer): Record<string, unknown> {
  const { pre_tokenizer, post_processor, tokenizer_class } = settings
  const trim_offsets = tokenizerClass(tokenizer_class).setsTrimming ? post_processor?.trim_offsets : undefined
  return {
    ...(pre_tokenizer?.type === 'ByteLevel' && { add_prefix_space: pre_tokenizer.add_prefix_space }),
    ...(trim_offsets !== undefined && { trim_offsets }),
  }
}

/** Returns the contents of special_tokens_map.json. */
export function toSpecialTokensMap(tokenizer: Tokenizer): Record<string, string | readonly string[]> {
  const named = SPECIAL_TOKENS.flatMap((name) => {
    const token = tokenizer.settings.special_tokens[name]
    return token === undefined ? [] : [[name, token] as const]
  })
  return { ...Object.fromEntries(named), ...additionalTokens(tokenizer) }
}

/** Excludes the tokens that the class adds itself, because SplinterTokenizer fails if a file contains them too. */
function additionalTokens({ settings }: Tokenizer): { additional_special_tokens?: string[] } {
  const { additional } = tokenizerClass(settings.tokenizer_class)
  const stated = settings.additional_special_tokens.filter((token) => !additional.includes(token))
  return stated.length > 0 ? { additional_special_tokens: stated } : {}
}
