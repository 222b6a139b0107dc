import { prepended } from '../characters/aligned-text.ts'
import { readPattern } from '../characters/regular-expression.ts'
import {
  BEHAVIORS,
  byteLevelPiece,
  eachCharacter,
  eachMatch,
  eachOccurrence,
  inverted,
  type Piece,
  type PreTokenize,
  splitter,
} from '../characters/splitting.ts'
import { isNumeric, isPunctuation, isWhitespace, WORD_CHARACTER } from '../characters/unicode.ts'
import { type Component, Fields, lookUp, readComponents, unexpected } from '../fields.ts'
import { forEachGpt2Word } from './gpt2-words.ts'

export interface PreTokenizer {
  /** Splits a normalized text into words. */
  readonly split: PreTokenize
  /** Whether the words are then written with a character for each byte. */
  readonly isByteLevel: boolean
}

/** Reads a `pre_tokenizer` of tokenizer.json. Without one, a text is a single word. */
export function createPreTokenizer(component: Component | null, place: string): PreTokenizer {
  if (component === null) return { split: (piece) => [piece], isByteLevel: false }
  const fields = Fields.of(component, place)
  if (component.type === 'Sequence') return sequence(fields)
  const split = lookUp(PRE_TOKENIZERS, component.type, `${place}.type`, 'pre-tokenizer', ['Sequence'])(fields)
  return { split, isByteLevel: component.type === 'ByteLevel' }
}

function sequence(fields: Fields): PreTokenizer {
  const steps = readComponents(fields, 'pretokenizers').map((step) => createPreTokenizer(...step))
  const splits = steps.map(({ split, isByteLevel }, i): PreTokenize => {
    const isLast = i === steps.length - 1
    return isByteLevel && !isLast ? (piece) => split(piece).map(byteLevelPiece) : split
  })
  return {
    split: (piece) => splits.reduce((pieces, split) => pieces.flatMap(split), [piece]),
    isByteLevel: steps.at(-1)?.isByteLevel ?? false,
  }
}

const PRE_TOKENIZERS: Readonly<Record<string, (fields: Fields) => PreTokenize>> = {
  BertPreTokenizer: () => bertWords,
  ByteLevel: (fields) => {
    const addSpace = fields.boolean('add_prefix_space')
    const split = fields.flag('use_regex', true) ? gpt2Words : (piece: Piece) => [piece]
    return (piece) => split(addSpace && piece.source.text[piece.start] !== ' ' ? withPrefix(piece, ' ') : piece)
  },
  CharDelimiterSplit: (fields) => {
    const delimiter = fields.string('delimiter')
    if (delimiter.length !== String.fromCodePoint(delimiter.codePointAt(0) ?? 0).length)
      throw unexpected(fields.path('delimiter'), delimiter, 'one character')
    return splitter(eachOccurrence(delimiter), 'Removed')
  },
  Digits: (fields) =>
    splitter(eachCharacter(isNumeric), fields.boolean('individual_digits') ? 'Isolated' : 'Contiguous'),
  FixedLength: (fields) => {
    const length = fields.has('length') ? fields.integer('length', 1) : 5
    return ({ source, start, end }) =>
      fixedLengths(source.text, start, end, length).map((range) => ({ source, ...range }))
  },
  Metaspace: (fields) => {
    const { replacement, prepend_scheme, split } = metaspaceOptions(fields)
    const cut = split ? splitter(eachOccurrence(replacement), 'MergedWithNext') : (piece: Piece) => [piece]
    return (given) => {
      const isFirst = given.source.starts[given.start] === 0
      const piece = withReplaced(given, ' ', replacement)
      const prepends = prepend_scheme === 'always' || (prepend_scheme === 'first' && isFirst)
      return cut(prepends && piece.source.text[piece.start] !== replacement ? withPrefix(piece, replacement) : piece)
    }
  },
  Punctuation: (fields) => splitter(eachCharacter(isPunctuation), fields.oneOf('behavior', BEHAVIORS)),
  Split: (fields) => {
    const pattern = readPattern(fields, 'pattern')
    const find = typeof pattern === 'string' ? eachOccurrence(pattern) : eachMatch(pattern)
    return splitter(fields.boolean('invert') ? inverted(find) : find, fields.oneOf('behavior', BEHAVIORS))
  },
  Whitespace: () => (piece) => {
    const words = piece.source.text.slice(piece.start, piece.end).matchAll(WORDS)
    return Array.from(words, ({ 0: word, index }) => {
      const start = piece.start + index
      return { ...piece, start, end: start + word.length }
    })
  },
  WhitespaceSplit: () => splitter(eachCharacter(isWhitespace), 'Removed'),
}

const WORDS = new RegExp(`[${WORD_CHARACTER}]+|[^${WORD_CHARACTER}\\p{White_Space}]+`, 'gu')

function withPrefix({ source, start, end }: Piece, prefix: string): Piece {
  const longer = prepended(source, start, end, prefix)
  return { source: longer, start: 0, end: longer.text.length }
}

/** Replaces one character of a piece by another. Both are single UTF-16 units. */
function withReplaced(piece: Piece, character: string, replacement: string): Piece {
  const { source, start, end } = piece
  const text = source.text.slice(start, end)
  if (!text.includes(character)) return piece
  const [starts, ends] = [source.starts.slice(start, end), source.ends.slice(start, end)]
  return { source: { text: text.replaceAll(character, replacement), starts, ends }, start: 0, end: text.length }
}

/** Returns ranges of a fixed number of code points. The last one may be shorter. */
function fixedLengths(text: string, from: number, to: number, length: number): { start: number; end: number }[] {
  const ranges: { start: number; end: number }[] = []
  for (let start = from; start < to; ) {
    let end = start
    for (let count = 0; count < length && end < to; count++) end += text.codePointAt(end)! > 0xffff ? 2 : 1
    ranges.push({ start, end })
    start = end
  }
  return ranges
}

function gpt2Words({ source, start, end }: Piece): Piece[] {
  const words: Piece[] = []
  forEachGpt2Word(source.text, start, end, (start, end) => words.push({ source, start, end }))
  return words
}

const LETTER = 0
const SPACE = 1
const PUNCTUATION = 2

const classes = new Map<number, number>()

function classOf(codePoint: number): number {
  let found = classes.get(codePoint)
  if (found === undefined) {
    found = isWhitespace(codePoint) ? SPACE : isPunctuation(codePoint) ? PUNCTUATION : LETTER
    classes.set(codePoint, found)
  }
  return found
}

/** Whether a character of a normalized text is whitespace or punctuation, where `BertPreTokenizer` ends words. */
export const isWordEdge = (codePoint: number): boolean => classOf(codePoint) !== LETTER

/** Splits text like `BertPreTokenizer`: at whitespace, with each punctuation character as a separate word. */
function bertWords({ source, start: from, end: to }: Piece): Piece[] {
  const words: Piece[] = []
  let start = from
  for (let at = from; at < to; ) {
    const codePoint = source.text.codePointAt(at)!
    const next = at + (codePoint > 0xffff ? 2 : 1)
    const kind = classOf(codePoint)
    if (kind !== LETTER) {
      if (at > start) words.push({ source, start, end: at })
      if (kind === PUNCTUATION) words.push({ source, start: at, end: next })
      start = next
    }
    at = next
  }
  if (to > start) words.push({ source, start, end: to })
  return words
}

/** Options of a Metaspace, which writes spaces as another character, `▁`. */
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
