import { type Component, Fields, lookUp, readComponent, unexpected } from './fields.ts'
import { stringPattern } from './normalizers.ts'
import { isNumeric, isPunctuation, isWhitespace, WORD_CHARACTER } from './unicode.ts'

/** Calls `visit` with the UTF-16 range of each word of a normalized text. */
export type PreTokenize = (text: string, from: number, to: number, visit: (start: number, end: number) => void) => void

/** The function that a `pre_tokenizer` of tokenizer.json describes; without one all of a text is one word. */
export function buildPreTokenizer(component: Component | null, place: string): PreTokenize {
  if (component === null)
    return (_text, from, to, visit) => {
      if (to > from) visit(from, to)
    }
  return lookUp(PRE_TOKENIZERS, component.type, `${place}.type`, 'pre-tokenizer')(Fields.of(component, place))
}

const PRE_TOKENIZERS: Readonly<Record<string, (fields: Fields) => PreTokenize>> = {
  BertPreTokenizer: () => forEachWord,
  Sequence: (fields) => {
    const steps = fields.list('pretokenizers').map((value, i) => {
      const place = `${fields.path('pretokenizers')}[${i}]`
      return buildPreTokenizer(readComponent(value, place), place)
    })
    return steps.reduceRight<PreTokenize>(
      (next, step) => (text, from, to, visit) => step(text, from, to, (start, end) => next(text, start, end, visit)),
      (_text, from, to, visit) => visit(from, to),
    )
  },
  Whitespace: () => (text, from, to, visit) => {
    for (const { 0: word, index } of text.slice(from, to).matchAll(WORDS))
      visit(from + index, from + index + word.length)
  },
  WhitespaceSplit: () => splitter(eachCharacter(isWhitespace), 'Removed'),
  Punctuation: (fields) => splitter(eachCharacter(isPunctuation), fields.oneOf('behavior', BEHAVIORS)),
  Digits: (fields) =>
    splitter(eachCharacter(isNumeric), fields.boolean('individual_digits') ? 'Isolated' : 'Contiguous'),
  CharDelimiterSplit: (fields) => {
    const delimiter = fields.string('delimiter')
    if (delimiter.length !== String.fromCodePoint(delimiter.codePointAt(0) ?? 0).length)
      throw unexpected(fields.path('delimiter'), delimiter, 'one character')
    return splitter(eachOccurrence(delimiter), 'Removed')
  },
  Split: (fields) => {
    const matches = eachOccurrence(stringPattern(fields))
    return splitter(fields.boolean('invert') ? inverted(matches) : matches, fields.oneOf('behavior', BEHAVIORS))
  },
}

const WORDS = new RegExp(`[${WORD_CHARACTER}]+|[^${WORD_CHARACTER}\\p{White_Space}]+`, 'gu')

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

/** Whether a character of a normalized text is white space or punctuation, where `BertPreTokenizer` ends words. */
export const isWordEdge = (codePoint: number): boolean => classOf(codePoint) !== LETTER

/** Words as `BertPreTokenizer` cuts them: split at white space, every punctuation character by itself. */
function forEachWord(text: string, from: number, to: number, visit: (start: number, end: number) => void): void {
  let start = from
  for (let i = from; i < to; ) {
    const codePoint = text.codePointAt(i)!
    const next = i + (codePoint > 0xffff ? 2 : 1)
    const kind = classOf(codePoint)
    if (kind !== LETTER) {
      if (i > start) visit(start, i)
      if (kind === PUNCTUATION) visit(i, next)
      start = next
    }
    i = next
  }
  if (to > start) visit(start, to)
}

/** What becomes of the delimiters that a text is split at; the first is the default. */
const BEHAVIORS = ['Isolated', 'Removed', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'] as const
type Behavior = (typeof BEHAVIORS)[number]

/** A stretch of a text: a delimiter, or what lies between two. */
interface Stretch {
  readonly start: number
  readonly end: number
  readonly isDelimiter: boolean
}

type FindDelimiters = (text: string, from: number, to: number) => Stretch[]

const eachCharacter =
  (isDelimiter: (codePoint: number) => boolean): FindDelimiters =>
  (text, from, to) => {
    const stretches: Stretch[] = []
    let start = from
    for (let i = from; i < to; ) {
      const codePoint = text.codePointAt(i)!
      const next = i + (codePoint > 0xffff ? 2 : 1)
      if (isDelimiter(codePoint)) {
        if (i > start) stretches.push({ start, end: i, isDelimiter: false })
        stretches.push({ start: i, end: next, isDelimiter: true })
        start = next
      }
      i = next
    }
    if (to > start) stretches.push({ start, end: to, isDelimiter: false })
    return stretches
  }

const eachOccurrence =
  (delimiter: string): FindDelimiters =>
  (text, from, to) => {
    const stretches: Stretch[] = []
    let start = from
    for (let at = text.indexOf(delimiter, from); at >= 0 && at + delimiter.length <= to; ) {
      const end = at + delimiter.length
      if (at > start) stretches.push({ start, end: at, isDelimiter: false })
      stretches.push({ start: at, end, isDelimiter: true })
      start = end
      at = text.indexOf(delimiter, start)
    }
    if (to > start) stretches.push({ start, end: to, isDelimiter: false })
    return stretches
  }

const inverted =
  (find: FindDelimiters): FindDelimiters =>
  (text, from, to) =>
    find(text, from, to).map((stretch) => ({ ...stretch, isDelimiter: !stretch.isDelimiter }))

const splitter =
  (find: FindDelimiters, behavior: Behavior): PreTokenize =>
  (text, from, to, visit) => {
    for (const { start, end } of SPLIT[behavior](find(text, from, to))) visit(start, end)
  }

const SPLIT: Record<Behavior, (stretches: readonly Stretch[]) => readonly Stretch[]> = {
  Isolated: (stretches) => stretches,
  Removed: (stretches) => stretches.filter(({ isDelimiter }) => !isDelimiter),
  Contiguous: (stretches) => merged(stretches, (a, b) => a.isDelimiter === b.isDelimiter),
  MergedWithPrevious: (stretches) => merged(stretches, (a, b) => b.isDelimiter && !a.isDelimiter),
  MergedWithNext: (stretches) => mergedWithNext(stretches),
}

/** Joins neighbours; `joins` compares a stretch with the one just before it. */
function merged(stretches: readonly Stretch[], joins: (before: Stretch, stretch: Stretch) => boolean): Stretch[] {
  const result: Stretch[] = []
  for (const [i, stretch] of stretches.entries())
    if (i > 0 && joins(stretches[i - 1], stretch)) result.push({ ...result.pop()!, end: stretch.end })
    else result.push(stretch)
  return result
}

function mergedWithNext(stretches: readonly Stretch[]): Stretch[] {
  const result: Stretch[] = []
  for (const [i, stretch] of stretches.entries())
    if (i > 0 && stretches[i - 1].isDelimiter && !stretch.isDelimiter)
      result.push({ ...stretch, start: result.pop()!.start })
    else result.push(stretch)
  return result
}
