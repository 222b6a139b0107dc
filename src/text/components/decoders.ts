import { SpanforgeError } from '../../errors.ts'
import { bytesOfTokens } from '../characters/byte-level.ts'
import { readPattern } from '../characters/regular-expression.ts'
import { eachMatch, eachOccurrence } from '../characters/splitting.ts'
import { type Component, Fields, lookUp, readComponents, unexpected } from '../fields.ts'
import { metaspaceOptions } from './pre-tokenizers.ts'

/** Converts tokens to text. */
export type Decode = (tokens: readonly string[]) => string

/** Converts tokens to the parts of a text. */
type DecodeParts = (tokens: readonly string[]) => readonly string[]

/** Returns the function that a `decoder` of tokenizer.json describes. Without one, tokens are joined with spaces. */
export function createDecoder(component: Component | null, place: string): Decode {
  if (component === null) return (tokens) => tokens.join(' ')
  const decode = partsDecoder(component, place)
  return (tokens) => decode(tokens).join('')
}

const partsDecoder = (component: Component, place: string): DecodeParts =>
  lookUp(DECODERS, component.type, `${place}.type`, 'decoder')(Fields.of(component, place))

const DECODERS: Readonly<Record<string, (fields: Fields) => DecodeParts>> = {
  BPEDecoder: (fields) => {
    const suffix = fields.string('suffix')
    return (tokens) =>
      tokens.map((token, i) => (suffix === '' ? token : token.replaceAll(suffix, i < tokens.length - 1 ? ' ' : '')))
  },
  ByteFallback: () => withBytes,
  ByteLevel: () => (tokens) => [utf8.decode(bytesOfTokens(tokens))],
  Fuse: () => (tokens) => [tokens.join('')],
  Metaspace: (fields) => {
    const { replacement, prepend_scheme } = metaspaceOptions(fields)
    return (tokens) =>
      tokens.map((token, i) => token.replaceAll(replacement, i === 0 && prepend_scheme !== 'never' ? '' : ' '))
  },
  Replace: (fields) => {
    const pattern = readPattern(fields, 'pattern')
    const find = typeof pattern === 'string' ? eachOccurrence(pattern) : eachMatch(pattern)
    const content = fields.string('content')
    return (tokens) =>
      tokens.map((token) =>
        find(token, 0, token.length)
          .map(({ start, end, isDelimiter }) => (isDelimiter ? content : token.slice(start, end)))
          .join(''),
      )
  },
  Sequence: (fields) => {
    const steps = readComponents(fields, 'decoders').map((step) => partsDecoder(...step))
    return (tokens) => steps.reduce((parts, decode) => rejectGrowth(decode(parts), tokens, fields.place), tokens)
  },
  Strip: (fields) => {
    const content = fields.string('content')
    if (Array.from(content).length !== 1) throw unexpected(fields.path('content'), content, 'one character')
    const [start, stop] = [fields.integer('start', 0), fields.integer('stop', 0)]
    return (tokens) => tokens.map((token) => stripped(token, content, start, stop))
  },
  WordPiece: (fields) => {
    const [prefix, cleanup] = [fields.string('prefix'), fields.boolean('cleanup')]
    return (tokens) => tokens.map((token, i) => withoutPrefix(token, i, prefix)).map(cleanup ? cleaned : String)
  },
}

/** Invalid bytes become U+FFFD. A byte order mark is an ordinary character. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
const strictUtf8 = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })

/**
 * Replaces consecutive tokens such as `<0x0A>` by the text of their bytes, or each by U+FFFD if the bytes are not
 * UTF-8.
 */
function withBytes(tokens: readonly string[]): string[] {
  const parts: string[] = []
  let bytes: number[] = []
  const endBytes = (): void => {
    if (bytes.length > 0) parts.push(...textsOf(bytes))
    bytes = []
  }
  for (const token of tokens) {
    const byte = /^<0x([\da-fA-F]{2})>$/.exec(token)
    if (byte) bytes.push(Number.parseInt(byte[1], 16))
    else {
      endBytes()
      parts.push(token)
    }
  }
  endBytes()
  return parts
}

function textsOf(bytes: readonly number[]): string[] {
  try {
    return [strictUtf8.decode(Uint8Array.from(bytes))]
  } catch {
    return bytes.map(() => '\ufffd')
  }
}

/** Removes up to `start` occurrences of a character at the beginning of a token, and up to `stop` at its end. */
function stripped(token: string, content: string, start: number, stop: number): string {
  const characters = Array.from(token)
  let from = 0
  while (from < Math.min(start, characters.length) && characters[from] === content) from++
  let to = characters.length
  while (to > Math.max(from, characters.length - stop) && characters[to - 1] === content) to--
  return characters.slice(from, to).join('')
}

/** Well above what decoders add to a token. Steps that each double a text would exhaust the memory. */
const MAX_GROWTH = 1000

function rejectGrowth(parts: readonly string[], tokens: readonly string[], place: string): readonly string[] {
  const size = (texts: readonly string[]): number => texts.reduce((sum, { length }) => sum + length + 1, 0)
  if (size(parts) <= MAX_GROWTH * (size(tokens) + 1)) return parts
  throw new SpanforgeError(`${place} makes a text more than ${MAX_GROWTH} times as long as its tokens`, {
    remedy: 'Download tokenizer.json again.',
  })
}

/** Joins tokens that continue a word to the previous token, and puts a space before every other token. */
const withoutPrefix = (token: string, index: number, prefix: string): string =>
  index === 0 ? token : token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`

const cleaned = (token: string): string => withoutSpacesBeforeMarks(token).replaceAll(' do not', " don't")

const CONTRACTIONS: readonly (readonly [string, string])[] = [
  [' .', '.'],
  [' ?', '?'],
  [' !', '!'],
  [' ,', ','],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
]

/** transformers' `clean_up_tokenization`, for English. */
export function withoutSpacesBeforeMarks(text: string): string {
  return CONTRACTIONS.reduce((cleaned, [spaced, joined]) => cleaned.replaceAll(spaced, joined), text)
}
