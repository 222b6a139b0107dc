import { Fields, unexpected } from '../../fields.ts'
import {
  contentOf,
  readSpecialToken,
  readToken,
  SPECIAL_TOKENS,
  type SpecialTokenName,
  type StatedToken,
} from '../../special-tokens.ts'
import type { TokenizerFiles } from '../choose-class.ts'
import type { TokenizerClass } from '../tokenizer-classes.ts'

/** The tokens that are specified in the files next to the vocabulary. */
export interface StatedTokens {
  readonly named: ReadonlyMap<SpecialTokenName, string | StatedToken>
  readonly additional: readonly (string | StatedToken)[]
  /** Tokens to add, by their ids in a file. */
  readonly byId: ReadonlyMap<number, StatedToken>
}

const STATED = [...SPECIAL_TOKENS, 'additional_special_tokens'] as const

/**
 * Tokens with the ids of a list. If several have the same id, the last one is added, but all are known by their
 * content; this excludes those of added_tokens.json.
 */
class ListedTokens {
  readonly byId = new Map<number, StatedToken>()
  readonly byContent = new Map<string, StatedToken>()

  add(id: number, token: StatedToken): void {
    this.byId.set(id, token)
    this.byContent.set(token.content, token)
  }
}

/**
 * Collects the tokens in the same way as transformers 4.57, which uses special_tokens_map.json and added_tokens.json
 * only in old folders.
 */
export function statedTokens(
  files: TokenizerFiles,
  config: Fields,
  { special, additional }: Pick<TokenizerClass, 'special' | 'additional'>,
): StatedTokens {
  const listed = new ListedTokens()
  const stated = new Map<string, unknown>()
  for (const name of STATED) if (config.has(name)) stated.set(name, config.raw(name))
  if (config.has('added_tokens_decoder')) {
    const decoder = config.object('added_tokens_decoder')
    for (const id of decoder.names) listed.add(idOf(id, decoder), readToken(decoder.raw(id), decoder.path(id)))
  } else readOldFiles(files, stated, listed)
  const resolved = (value: unknown, place: string): string | StatedToken | null => {
    const token = readSpecialToken(value, place)
    return token === null ? null : (listed.byContent.get(contentOf(token)) ?? token)
  }
  const named = new Map<SpecialTokenName, string | StatedToken>()
  for (const name of SPECIAL_TOKENS) {
    const token = stated.has(name) ? resolved(stated.get(name), name) : special[name]
    if (token !== null && token !== undefined && contentOf(token) !== '')
      named.set(name, withDefaults(token, special[name]))
  }
  const more = stated.get('additional_special_tokens') ?? additional
  if (!Array.isArray(more)) throw unexpected('additional_special_tokens', more, 'a list [...]')
  const tokens = more.map((value, i) => readSpecialToken(value, `additional_special_tokens[${i}]`))
  return { named, additional: [...tokens.filter((token) => token !== null), ...extraTokens(config)], byId: listed.byId }
}

/** A class with its own options for a token also applies them to the token's name. */
const withDefaults = (token: string | StatedToken, own: string | StatedToken | undefined): string | StatedToken =>
  typeof token === 'string' && typeof own === 'object' ? { ...own, content: token } : token

/**
 * Special tokens under model-specific names. If they are a list, as written by transformers 5, they are in
 * tokenizer.json too.
 */
function extraTokens(config: Fields): (string | StatedToken)[] {
  const value = config.raw('extra_special_tokens')
  if (value === undefined || value === null || Array.isArray(value)) return []
  const extra = config.object('extra_special_tokens')
  return extra.names
    .map((name) => readSpecialToken(extra.raw(name), extra.path(name)))
    .filter((token) => token !== null)
}

/** Reads the tokens that versions before 4.34 wrote to separate files, and the added tokens of tokenizer.json. */
function readOldFiles(files: TokenizerFiles, stated: Map<string, unknown>, listed: ListedTokens): void {
  const map = Fields.of(files['special_tokens_map.json'] ?? {}, 'special_tokens_map.json')
  for (const name of STATED) {
    if (!map.has(name)) continue
    const value = map.raw(name)
    if (name === 'additional_special_tokens' && Array.isArray(value)) {
      const before = new Set((stated.get(name) ?? []) as readonly unknown[])
      stated.set(name, [...before, ...value.map(asSpecial).filter((token) => !before.has(token))])
    } else stated.set(name, asSpecial(value))
  }
  const special = new Set<unknown>(
    [...stated.values()].flat().map((value) => (value as { content?: unknown } | null)?.content ?? value),
  )
  const added = Fields.of(files['added_tokens.json'] ?? {}, 'added_tokens.json')
  for (const content of added.names)
    listed.byId.set(added.integer(content, 0), {
      content,
      special: special.has(content),
      normalized: !special.has(content),
    })
  if (files['tokenizer.json'] === undefined) return
  const json = Fields.of(files['tokenizer.json'], 'tokenizer.json')
  if (!json.has('added_tokens')) return
  for (const [i, value] of json.list('added_tokens').entries()) {
    const token = Fields.of(value, `tokenizer.json: added_tokens[${i}]`)
    listed.add(token.integer('id', 0), readToken(value, token.place))
  }
}

const asSpecial = (value: unknown): unknown =>
  typeof value === 'object' && value !== null ? { ...value, special: true } : value

function idOf(name: string, decoder: Fields): number {
  if (/^\d{1,15}$/.test(name)) return Number(name)
  throw unexpected(`a name in ${decoder.place}`, name, 'the id of a token')
}
