import type { AddedToken } from './added-tokens.ts'
import { Fields, unexpected } from './fields.ts'

/** The special tokens, in the order in which transformers adds them. */
export const SPECIAL_TOKENS = [
  'bos_token',
  'eos_token',
  'unk_token',
  'sep_token',
  'pad_token',
  'cls_token',
  'mask_token',
] as const
export type SpecialTokenName = (typeof SPECIAL_TOKENS)[number]

/** A token as written in a file. The defaults of missing options depend on how the token is used. */
export type StatedToken = Pick<AddedToken, 'content'> & Partial<Omit<AddedToken, 'id' | 'content'>>

/** A token with all its options, but without an id. */
export type NewToken = Omit<AddedToken, 'id'>

/**
 * Completes a token with the defaults of the tokenizers library, which matches tokens that are not special in
 * normalized text.
 */
export function completeToken(token: StatedToken): NewToken {
  const { content, special = false, normalized = !special, single_word = false, lstrip = false, rstrip = false } = token
  return { content, single_word, lstrip, rstrip, normalized, special }
}

export const specialToken = (content: string): NewToken => completeToken({ content, special: true })

/** Reads a token that is written as an object in a JSON file. */
export function readToken(value: unknown, place: string): StatedToken {
  const fields = Fields.of(value, place)
  const flags = ['single_word', 'lstrip', 'rstrip', 'normalized', 'special'] as const
  const content = fields.string('content')
  const stated = flags.map((flag) => [flag, fields.optional(flag, 'boolean')] as const)
  return { content, ...Object.fromEntries(stated.filter(([, value]) => value !== undefined)) }
}

/** Reads a special token, which is a string, an object or null if there is none. */
export function readSpecialToken(value: unknown, place: string): string | StatedToken | null {
  if (value === null || typeof value === 'string') return value
  if (typeof value === 'object') return readToken(value, place)
  throw unexpected(place, value, 'a string, or an object with its content')
}

export const contentOf = (token: string | StatedToken): string => (typeof token === 'string' ? token : token.content)

export const isSameToken = (a: StatedToken, b: StatedToken): boolean => {
  const [first, second] = [completeToken(a), completeToken(b)]
  return (Object.keys(first) as (keyof NewToken)[]).every((key) => first[key] === second[key])
}
