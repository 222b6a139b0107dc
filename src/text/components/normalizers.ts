import { SpanforgeError } from '../../errors.ts'
import {
  type AlignedText,
  AlignedTextBuilder,
  alignedSlice,
  applyChanges,
  type ChangedCharacter,
  mapCharacters,
  prepended,
} from '../characters/aligned-text.ts'
import { alignedBytes } from '../characters/byte-level.ts'
import { readPattern } from '../characters/regular-expression.ts'
import { eachMatch, eachOccurrence, type FindDelimiters } from '../characters/splitting.ts'
import { isMark, isWhitespace } from '../characters/unicode.ts'
import { composed, decomposed } from '../characters/unicode-forms.ts'
import { type Component, Fields, lookUp, readComponents, unexpected } from '../fields.ts'
import { BertNormalizer, type NormalizerOptions } from './bert-normalizer.ts'
import { PrecompiledMap } from './precompiled.ts'

export type Normalize = (input: AlignedText) => AlignedText

/** Returns the function that a `normalizer` of tokenizer.json describes. Without one, texts are unchanged. */
export function createNormalizer(component: Component | null, place: string): Normalize {
  if (component === null) return (input) => input
  return lookUp(NORMALIZERS, component.type, `${place}.type`, 'normalizer')(Fields.of(component, place))
}

/** Options of a BertNormalizer. */
export function bertNormalizerOptions(fields: Fields): NormalizerOptions {
  return {
    clean_text: fields.boolean('clean_text'),
    handle_chinese_chars: fields.boolean('handle_chinese_chars'),
    strip_accents: fields.optional('strip_accents', 'boolean') ?? null,
    lowercase: fields.boolean('lowercase'),
  }
}

const NORMALIZERS: Readonly<Record<string, (fields: Fields) => Normalize>> = {
  BertNormalizer: (fields) => {
    const normalizer = new BertNormalizer(bertNormalizerOptions(fields))
    return (input) => normalizer.normalize(input)
  },
  ByteLevel: () => (input) => alignedBytes(input, 0, input.text.length),
  Lowercase: () => (input) => mapCharacters(input, (codePoint) => String.fromCodePoint(codePoint).toLowerCase()),
  NFC: () => form('NFC', (text) => composed(decomposed(text, 'NFD'))),
  NFD: () => form('NFD', (text) => decomposed(text, 'NFD')),
  NFKC: () => form('NFKC', (text) => composed(decomposed(text, 'NFKD'))),
  NFKD: () => form('NFKD', (text) => decomposed(text, 'NFKD')),
  Nmt: () => (input) => mapCharacters(input, nmtCharacter),
  Precompiled: (fields) => {
    const place = fields.path('precompiled_charsmap')
    const map = new PrecompiledMap(readBase64(fields, 'precompiled_charsmap'), place)
    return (input) => map.normalize(input)
  },
  Prepend: (fields) => {
    const added = shortString(fields, 'prepend')
    return (input) => (input.text === '' ? input : prepended(input, 0, input.text.length, added))
  },
  Replace: (fields) => {
    const pattern = readPattern(fields, 'pattern')
    const find = typeof pattern === 'string' ? eachOccurrence(pattern) : eachMatch(pattern)
    const content = shortString(fields, 'content')
    return (input) => replace(input, find, content)
  },
  Sequence: (fields) => {
    const steps = readComponents(fields, 'normalizers').map((step) => createNormalizer(...step))
    return (input) => steps.reduce((text, normalize) => rejectGrowth(normalize(text), input, fields.place), input)
  },
  Strip: (fields) => {
    const [left, right] = [fields.boolean('strip_left'), fields.boolean('strip_right')]
    return (input) => strip(input, left, right)
  },
  StripAccents: () => (input) =>
    mapCharacters(input, (codePoint) => (isMark(codePoint) ? '' : String.fromCodePoint(codePoint))),
}

function readBase64(fields: Fields, name: string): Uint8Array {
  const written = fields.string(name)
  try {
    return Uint8Array.from(atob(written), (character) => character.charCodeAt(0))
  } catch {
    throw unexpected(fields.path(name), written, 'bytes in base64')
  }
}

/** Returns the text unchanged if it is already in the normal form. */
const form =
  (name: string, change: (text: string) => Iterable<ChangedCharacter>): Normalize =>
  (input) =>
    input.text.normalize(name) === input.text ? input : applyChanges(input, change(input.text))

/**
 * Normalizes a character like `Nmt` in the tokenizers library: removes controls and replaces characters that look like
 * spaces.
 */
function nmtCharacter(codePoint: number): string {
  if (NMT_SPACES.has(codePoint)) return ' '
  const isDropped =
    (codePoint >= 0x01 && codePoint <= 0x1f) || codePoint === 0x7f || codePoint === 0x8f || codePoint === 0x9f
  return isDropped ? '' : String.fromCodePoint(codePoint)
}

const NMT_SPACES: ReadonlySet<number> = new Set(
  Array.from('\t\n\f\r\u1680\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u2581\ufeff\ufffd', (space) =>
    space.charCodeAt(0),
  ),
)

/** Normalizers insert at most a character or a word. */
const MAX_INSERTED = 32

function shortString(fields: Fields, name: string): string {
  const text = fields.string(name)
  if (text.length <= MAX_INSERTED) return text
  throw unexpected(fields.path(name), text, `at most ${MAX_INSERTED} characters`)
}

/** U+FDFA becomes 18 characters. Steps that each double a text would exhaust the memory. */
const MAX_GROWTH = 32

function rejectGrowth(output: AlignedText, { text: { length } }: AlignedText, place: string): AlignedText {
  if (output.text.length <= MAX_GROWTH * (length + MAX_INSERTED)) return output
  throw new SpanforgeError(
    `${place} makes ${output.text.length} characters of ${length}; expected at most ${MAX_GROWTH} times as many`,
    { remedy: 'Download tokenizer.json again.' },
  )
}

function strip(input: AlignedText, left: boolean, right: boolean): AlignedText {
  let from = 0
  let to = input.text.length
  while (left && from < to && isWhitespace(input.text.charCodeAt(from))) from++
  while (right && to > from && isWhitespace(input.text.charCodeAt(to - 1))) to--
  const output = new AlignedTextBuilder()
  output.copy(input, from, to)
  return output.finish()
}

/** The replacement of several characters has the position of the last one. */
function replace(input: AlignedText, find: FindDelimiters, content: string): AlignedText {
  const { text, starts, ends } = input
  const stretches = find(text, 0, text.length)
  if (!stretches.some(({ isDelimiter }) => isDelimiter)) return input
  const output = new AlignedTextBuilder()
  for (const { start, end, isDelimiter } of stretches)
    if (!isDelimiter) output.copy(input, start, end)
    else output.push(content, starts[end - 1] ?? 0, ends[end - 1] ?? 0)
  return output.finish()
}

/** Returns the normalized text without the original positions of its characters. */
export const normalizedText = (normalize: Normalize, text: string): string =>
  normalize(alignedSlice(text, 0, text.length)).text
