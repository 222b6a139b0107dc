import { SpanforgeError } from '../errors.ts'
import type { AddedToken } from './added-tokens.ts'
import { SPECIAL_TOKENS, type TokenizerSettings } from './options.ts'
import type { BertTokenizer } from './tokenizer.ts'

/** transformers writes this for "no limit". */
const NO_LIMIT = 1e20

/**
 * The settings that an object in the form of tokenizer_config.json states; what it leaves out is left out.
 * @throws SpanforgeError for a value of the wrong type, naming the field.
 */
export function settingsFromConfig(config: unknown): Partial<TokenizerSettings> {
  const fields = asObject(config, 'tokenizer_config.json')
  const settings: Record<string, unknown> = {}
  for (const name of ['do_lower_case', 'tokenize_chinese_chars', 'clean_up_tokenization_spaces'] as const)
    settings[name] = optional(fields[name], 'boolean', name)
  // Here null is a value: as do_lower_case.
  settings.strip_accents =
    fields.strip_accents === null ? null : optional(fields.strip_accents, 'boolean', 'strip_accents')
  const limit = optional(fields.model_max_length, 'number', 'model_max_length') as number | undefined
  if (limit !== undefined && limit < NO_LIMIT) settings.model_max_length = limit
  for (const name of SPECIAL_TOKENS) settings[name] = optional(contentOf(fields[name]), 'string', name)
  const decoder = fields.added_tokens_decoder
  if (decoder !== undefined)
    settings.added_tokens = Object.entries(asObject(decoder, 'tokenizer_config.json: added_tokens_decoder')).map(
      ([id, token]) => addedToken({ ...asObject(token, `added token ${id}`), id: Number(id) }),
    )
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
}

/** tokenizer_config.json, as transformers 4.57 writes it. */
export function toTokenizerConfig({ settings, mask_token_id }: BertTokenizer): Record<string, unknown> {
  return {
    added_tokens_decoder: Object.fromEntries(settings.added_tokens.map(({ id, ...token }) => [String(id), token])),
    clean_up_tokenization_spaces: settings.clean_up_tokenization_spaces,
    ...Object.fromEntries(SPECIAL_TOKENS.map((name) => [name, settings[name]])),
    // Told nothing, transformers would add a [MASK] that the model has no embedding for.
    ...(mask_token_id === undefined && { mask_token: null }),
    do_lower_case: settings.do_lower_case,
    ...(Number.isFinite(settings.model_max_length) && { model_max_length: settings.model_max_length }),
    strip_accents: settings.strip_accents,
    tokenize_chinese_chars: settings.tokenize_chinese_chars,
    tokenizer_class: 'BertTokenizer',
  }
}

/** special_tokens_map.json: the special tokens that the vocabulary has. */
export const toSpecialTokensMap = (tokenizer: BertTokenizer): Record<string, string> =>
  Object.fromEntries(
    SPECIAL_TOKENS.map((name) => [name, tokenizer.settings[name]]).filter(
      ([, token]) => tokenizer.id(token) !== undefined,
    ),
  )

/** An added token as tokenizer.json and tokenizer_config.json write it. */
export function addedToken(value: unknown): AddedToken {
  const fields = asObject(value, 'added token')
  const { id, content } = fields
  if (!Number.isSafeInteger(id) || (id as number) < 0 || typeof content !== 'string' || !content)
    throw new SpanforgeError(
      `tokenizer: added token ${JSON.stringify(value)} needs an id from 0 and a content of at least one character`,
    )
  const flag = (name: string): boolean => (optional(fields[name], 'boolean', name) as boolean | undefined) ?? false
  return {
    id: id as number,
    content,
    single_word: flag('single_word'),
    lstrip: flag('lstrip'),
    rstrip: flag('rstrip'),
    normalized: flag('normalized'),
    special: flag('special'),
  }
}

export function asObject(value: unknown, place: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new SpanforgeError(`tokenizer: ${place} is ${JSON.stringify(value)?.slice(0, 60)}; expected an object {...}`)
}

/** A special token is written as a string, or as an object with its content. */
const contentOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null ? (value as { content?: unknown }).content : value

function optional(value: unknown, type: 'boolean' | 'number' | 'string', name: string): unknown {
  if (value === undefined || value === null) return undefined
  if (typeof value === type) return value
  throw new SpanforgeError(
    `tokenizer_config.json: ${name} is ${JSON.stringify(value).slice(0, 60)}; expected a ${type}`,
  )
}
