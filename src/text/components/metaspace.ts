import { type Fields, unexpected } from '../fields.ts'

/** The switches of a Metaspace, which writes spaces as another character, `▁`. */
export interface MetaspaceOptions {
  readonly replacement: string
  /** Where a replacement is put before a text that does not begin with one. */
  readonly prepend_scheme: 'always' | 'first' | 'never'
  /** Whether a word begins at each replacement. */
  readonly split: boolean
}

/** Older files have `add_prefix_space` instead of `prepend_scheme`. */
export function metaspaceOptions(fields: Fields): MetaspaceOptions {
  const replacement = fields.string('replacement')
  if (replacement.length !== 1) throw unexpected(fields.path('replacement'), replacement, 'one character')
  const prepend_scheme = fields.oneOf('prepend_scheme', ['always', 'first', 'never'])
  const isNever = fields.optional('add_prefix_space', 'boolean') === false
  if (isNever && fields.has('prepend_scheme') && prepend_scheme !== 'never')
    throw unexpected(fields.path('add_prefix_space'), false, `true, for prepend_scheme is "${prepend_scheme}"`)
  return {
    replacement,
    prepend_scheme: isNever ? 'never' : prepend_scheme,
    split: fields.optional('split', 'boolean') ?? true,
  }
}
