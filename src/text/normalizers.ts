import { SpanforgeError } from '../errors.ts'
import { showValue } from '../show-value.ts'
import { type AlignedText, AlignedTextBuilder, alignedSlice, applyChanges, mapCharacters } from './aligned-text.ts'
import { BertNormalizer, type NormalizerOptions } from './bert-normalizer.ts'
import { type Component, Fields, lookUp, readComponent, unexpected } from './fields.ts'
import { isMark, isWhitespace } from './unicode.ts'
import { composed, decomposed } from './unicode-forms.ts'

export type Normalize = (input: AlignedText) => AlignedText

/** The function that a `normalizer` of tokenizer.json describes; without one a text stays as it is. */
export function buildNormalizer(component: Component | null, place: string): Normalize {
  if (component === null) return (input) => input
  return lookUp(NORMALIZERS, component.type, `${place}.type`, 'normalizer')(Fields.of(component, place))
}

/** The switches of a BertNormalizer. */
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
  Sequence: (fields) => {
    const steps = fields.list('normalizers').map((value, i) => {
      const place = `${fields.path('normalizers')}[${i}]`
      return buildNormalizer(readComponent(value, place), place)
    })
    return (input) => steps.reduce((text, normalize) => refuseGrowth(normalize(text), input, fields.place), input)
  },
  NFC: () => (input) => applyChanges(input, composed(decomposed(input.text, 'NFD'))),
  NFD: () => (input) => applyChanges(input, decomposed(input.text, 'NFD')),
  NFKC: () => (input) => applyChanges(input, composed(decomposed(input.text, 'NFKD'))),
  NFKD: () => (input) => applyChanges(input, decomposed(input.text, 'NFKD')),
  Lowercase: () => (input) => mapCharacters(input, (codePoint) => String.fromCodePoint(codePoint).toLowerCase()),
  StripAccents: () => (input) =>
    mapCharacters(input, (codePoint) => (isMark(codePoint) ? '' : String.fromCodePoint(codePoint))),
  Strip: (fields) => {
    const [left, right] = [fields.boolean('strip_left'), fields.boolean('strip_right')]
    return (input) => strip(input, left, right)
  },
  Prepend: (fields) => {
    const added = shortString(fields, 'prepend')
    return (input) => prepend(input, added)
  },
  Replace: (fields) => {
    const pattern = stringPattern(fields)
    const content = shortString(fields, 'content')
    return (input) => replace(input, pattern, content)
  },
}

/** What a normalizer puts in is a character or a word. */
const MAX_INSERTED = 32

function shortString(fields: Fields, name: string): string {
  const text = fields.string(name)
  if (text.length <= MAX_INSERTED) return text
  throw unexpected(fields.path(name), text, `at most ${MAX_INSERTED} characters`)
}

/** U+FDFA becomes 18 characters; steps that each double a text would exhaust the memory. */
const MAX_GROWTH = 32

function refuseGrowth(output: AlignedText, { text: { length } }: AlignedText, place: string): AlignedText {
  if (output.text.length <= MAX_GROWTH * (length + MAX_INSERTED)) return output
  throw new SpanforgeError(
    `${place} makes ${output.text.length} characters of ${length}; expected at most ${MAX_GROWTH} times as many`,
    { remedy: 'Download tokenizer.json again.' },
  )
}

/** The string that a `pattern` of tokenizer.json looks for; a regular expression is in another dialect than JavaScript's. */
export function stringPattern(fields: Fields): string {
  const pattern = fields.object('pattern')
  const place = fields.path('pattern')
  if (pattern.has('Regex'))
    throw new SpanforgeError(
      `${place} is the regular expression ${showValue(pattern.raw('Regex'), 60)}; spanforge supports strings only`,
      { remedy: 'Use a model with a tokenizer like that of BERT.' },
    )
  const text = pattern.string('String')
  if (text === '') throw unexpected(`${place}.String`, text, 'at least one character')
  return text
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

/** What is prepended comes from the first character. */
function prepend(input: AlignedText, added: string): AlignedText {
  if (input.text === '') return input
  const output = new AlignedTextBuilder()
  output.push(added, input.starts[0], input.ends[0])
  output.copy(input, 0, input.text.length)
  return output.finish()
}

/** What replaces several characters comes from the last of them. */
function replace(input: AlignedText, pattern: string, content: string): AlignedText {
  const output = new AlignedTextBuilder()
  let from = 0
  for (let at = input.text.indexOf(pattern); at >= 0; at = input.text.indexOf(pattern, from)) {
    const last = at + pattern.length - 1
    output.copy(input, from, at)
    output.push(content, input.starts[last], input.ends[last])
    from = last + 1
  }
  output.copy(input, from, input.text.length)
  return output.finish()
}

/** A text as it is after normalization, without the places its characters come from. */
export const normalizedText = (normalize: Normalize, text: string): string =>
  normalize(alignedSlice(text, 0, text.length)).text
